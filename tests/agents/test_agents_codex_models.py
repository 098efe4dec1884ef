"""What a version of Codex says of its models is asked once, and again when the program has changed."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from loopwright.agents.codex.known_models import read_models
from loopwright.agents.codex.settings import catalog_for
from loopwright.agents.launching import Place
from loopwright.agents.programs import Program
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox

_TELLER = """\
#!/bin/sh
[ "$*" = "debug models --bundled" ] || exit 2
echo asked >> "$(dirname "$0")/asked"
%s
"""


def _program(folder: Path, tells: str) -> Program:
    folder.mkdir(exist_ok=True)
    path = folder / "codex"
    path.write_text(_TELLER % tells)
    path.chmod(0o755)
    return Program(name="codex", path=path, folder=folder, version="1.2.3", source="path")


def _ask(program: Program, cache: Path | None) -> object:
    mounts = (Mount(program.folder, "/opt/agents", writable=True),)
    place = Place(open_sandbox("bwrap", SandboxSpec(mounts=mounts)), "", "", "", "/opt/agents")

    async def go() -> object:
        return await read_models(place, program.argv("/opt/agents"), program, cache)

    return anyio.run(go)


def _times(program: Program) -> int:
    return len((program.folder / "asked").read_text().splitlines())


def test_it_is_asked_once_for_a_file_of_a_program(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "agents"
    program = _program(tmp_path / "codex", """echo '{"models": [1]}'""")
    assert [_ask(program, cache) for _ in range(3)] == [{"models": [1]}] * 3
    assert _times(program) == 1
    newer = _program(tmp_path / "codex", """echo '{"models": [1, 2]}'""")
    assert _ask(newer, cache) == {"models": [1, 2]}
    assert _times(program) == 2


@pytest.mark.parametrize("tells", ["echo '{\"models'", "exit 1", "printf '\\377'"])
def test_no_answer_is_not_kept(tmp_path: Path, tells: str) -> None:
    program = _program(tmp_path / "codex", tells)
    assert [_ask(program, tmp_path / "cache") for _ in range(2)] == [None, None]
    assert _times(program) == 2
    assert catalog_for("m", None) is None


def test_a_cache_that_is_broken_or_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    program = _program(tmp_path / "codex", "echo '{}'")
    assert _ask(program, tmp_path / "cache") == {}
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(b"{")
    assert _ask(program, tmp_path / "cache") == {}
    assert kept.read_bytes().strip() == b"{}"
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert _ask(program, in_the_way / "cache") == {}
    assert _times(program) == 3
