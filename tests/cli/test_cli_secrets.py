"""A key that is in the environment of a run reaches neither the sandbox nor anything that the run writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

_PLANTED = {
    "OPENAI_API_KEY": "sk-planted-openai-7f3a",
    "ANTHROPIC_API_KEY": "sk-planted-anthropic-7f3a",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-7f3a",
    "SOME_TOKEN": "planted-token-7f3a",
}


def test_planted_keys_are_in_no_file_of_the_run(
    loopwright: Any, tiny_task: Path, tiny_script: Path, tmp_path: Path
) -> None:
    look = "env; cat /proc/*/environ | tr '\\\\0' '\\\\n'; cat /root/.ssh/* /home/*/.bashrc; ls -la / ~; ls"
    tiny_script.write_text(
        tiny_script.read_text().replace("- shell: ls;", f'- shell: "{look};').replace("seq 2000", 'seq 2000"')
    )
    said = loopwright("run", "--task", tiny_task, "--model", f"scripted:{tiny_script}", env=_PLANTED)
    assert said.code == 0, said.out + said.err
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert len(written) > 10
    everything = [path.read_bytes() for path in written] + [said.out.encode(), said.err.encode()]
    assert any(b"HOME=/home/agent" in content for content in everything)
    assert not any(b"7f3a" in content for content in everything)
