"""A key that is in the environment of a run reaches neither the sandbox nor anything that the run writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# Long, and no hexadecimal: short ones stand in digests and compressed files by chance.
_MARK = "plantedQwZkXvJyGh"
_PLANTED = {
    "OPENAI_API_KEY": f"sk-openai-{_MARK}",
    "ANTHROPIC_API_KEY": f"sk-anthropic-{_MARK}",
    "AWS_SECRET_ACCESS_KEY": f"aws-{_MARK}",
    "SOME_TOKEN": f"token-{_MARK}",
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
    contents = {str(path): path.read_bytes() for path in written}
    contents |= {"standard output": said.out.encode(), "standard error": said.err.encode()}
    assert any(b"HOME=/home/agent" in content for content in contents.values())
    assert [name for name, content in contents.items() if _MARK.encode() in content] == []
