"""Files and terminals for ACP agents, in a real sandbox."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from loopwright.agents.acp.files import read_text, write_text
from loopwright.agents.acp.terminals import Terminals
from loopwright.base import UsageError
from loopwright.sandbox import Mount, Sandbox, SandboxSpec, open_sandbox

ROOT = "/workspace"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def sandbox(workspace: Path) -> Sandbox:
    return open_sandbox("bwrap", SandboxSpec(mounts=(Mount(workspace, ROOT, writable=True),)))


def test_files_are_written_and_read(workspace: Path, sandbox: Sandbox) -> None:
    async def run() -> str:
        await write_text(sandbox, ROOT, f"{ROOT}/a folder/it's.txt", "one\ntwo\nthree\n")
        return await read_text(sandbox, ROOT, f"{ROOT}/a folder/it's.txt", 2, 1)

    assert anyio.run(run) == "two\n"
    assert (workspace / "a folder" / "it's.txt").read_text() == "one\ntwo\nthree\n"


def test_bytes_that_are_no_text_are_shown(workspace: Path, sandbox: Sandbox) -> None:
    (workspace / "x").write_bytes(b"caf\xe9")
    assert anyio.run(read_text, sandbox, ROOT, f"{ROOT}/x", None, None) == "caf\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("path", ["/etc/passwd", f"{ROOT}/../etc/passwd", ROOT, f"{ROOT}/out/passwd", f"{ROOT}/link"])
def test_nothing_outside_is_reached(workspace: Path, sandbox: Sandbox, path: str) -> None:
    (workspace / "out").symlink_to("/etc")
    (workspace / "link").symlink_to(workspace.parent / "secret.txt")

    async def run() -> None:
        with pytest.raises(UsageError):
            await read_text(sandbox, ROOT, path, None, None)
        with pytest.raises(UsageError):
            await write_text(sandbox, ROOT, path, "changed")

    anyio.run(run)
    assert (workspace.parent / "secret.txt").read_text() == "secret"


@pytest.mark.parametrize("path", ["", "\0", "-", f"{ROOT}/nothing", f"{ROOT}/pipe"])
def test_what_is_no_file_is_refused(workspace: Path, sandbox: Sandbox, path: str) -> None:
    os.mkfifo(workspace / "pipe")

    async def run() -> None:
        with pytest.raises(UsageError):
            await read_text(sandbox, ROOT, path, None, None)

    anyio.run(run)


def with_terminals(sandbox: Sandbox, act: Callable[[Terminals], Awaitable[None]]) -> None:
    async def run() -> None:
        with anyio.fail_after(100):
            async with anyio.create_task_group() as tasks:
                terminals = Terminals(sandbox, tasks)
                await act(terminals)
                terminals.kill_all()

    anyio.run(run)


def test_terminal_tells_output_and_end(sandbox: Sandbox) -> None:
    async def act(terminals: Terminals) -> None:
        name = terminals.create("bash", ["-c", 'echo "$WORD"; pwd; exit 3'], {"WORD": "hi"}, ROOT, None)
        terminal = terminals.get(name)
        await terminal.ended.wait()
        assert (terminal.output, terminal.exit_code, terminal.signal) == (f"hi\n{ROOT}\n", 3, None)
        assert terminals.printed(name) == (f"hi\n{ROOT}\n", 3)
        assert terminals.printed("other") is None

    with_terminals(sandbox, act)


def test_a_command_line_is_given_to_a_shell(sandbox: Sandbox) -> None:
    async def act(terminals: Terminals) -> None:
        terminal = terminals.get(terminals.create("echo a && echo b", [], {}, None, None))
        await terminal.ended.wait()
        assert terminal.output == "a\nb\n"

    with_terminals(sandbox, act)


def test_terminal_is_killed_with_what_it_started(sandbox: Sandbox, workspace: Path) -> None:
    async def act(terminals: Terminals) -> None:
        name = terminals.create("bash", ["-c", "(sleep 30; touch late) & echo ready; wait"], {}, ROOT, None)
        while "ready" not in terminals.get(name).output:  # noqa: ASYNC110 - a terminal has no event for output
            await anyio.sleep(0.01)
        terminals.get(name).kill()
        await terminals.get(name).ended.wait()
        assert terminals.get(name).exit_code is None
        assert terminals.get(name).signal == "KILL"

    with_terminals(sandbox, act)
    assert not (workspace / "late").exists()


def test_only_the_newest_output_is_kept(sandbox: Sandbox) -> None:
    async def act(terminals: Terminals) -> None:
        name = terminals.create("bash", ["-c", "printf 'é%.0s' $(seq 20000)"], {}, None, 101)
        terminal = terminals.get(name)
        await terminal.ended.wait()
        assert terminal.truncated
        assert terminal.output == "é" * 50

    with_terminals(sandbox, act)


def test_a_program_that_is_not_there_ends_at_once(sandbox: Sandbox) -> None:
    async def act(terminals: Terminals) -> None:
        terminal = terminals.get(terminals.create("no-such-program", ["x"], {}, None, None))
        await terminal.ended.wait()
        assert terminal.exit_code == 127

    with_terminals(sandbox, act)


def test_bad_terminals_are_refused(sandbox: Sandbox) -> None:
    async def act(terminals: Terminals) -> None:
        with pytest.raises(UsageError):
            terminals.get("terminal-1")
        with pytest.raises(UsageError):
            terminals.create("a\0b", [], {}, None, None)

    with_terminals(sandbox, act)
