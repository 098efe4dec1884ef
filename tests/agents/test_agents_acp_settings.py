"""Finding the program of `--agent acp:...`, and what it is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.agents import make_agent
from loopwright.agents.acp.settings import AcpProgram, environment, mcp_servers, resolve
from loopwright.base import MachineError, UsageError
from loopwright.sandbox import SandboxSpec, open_sandbox


def script(folder: Path, name: str, first: str = "#!/bin/sh") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"{first}\n")
    path.chmod(0o755)
    return path


def found_in(program: AcpProgram) -> Callable[[Path], str | None]:
    """How a sandbox that shows the program calls paths."""
    return open_sandbox("bwrap", SandboxSpec(mounts=program.mounts)).inside_path


def test_a_program_on_path_is_shown_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(tmp_path, "some-agent")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = resolve("some-agent --acp 'two words'")
    assert found.folder == path
    assert found.argv("/opt/agents", found_in(found)) == ("/opt/agents", "--acp", "two words")


def test_a_node_package_is_shown_whole(tmp_path: Path) -> None:
    path = script(tmp_path / "node_modules" / "agent" / "bin", "agent", "#!/usr/bin/env node")
    link = tmp_path / "agent"
    link.symlink_to(path)
    found = resolve(str(link))
    assert found.argv("/opt/agents", found_in(found)) == ("node", "/opt/npm/node_modules/agent/bin/agent")


def test_a_virtual_environment_is_shown_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    path = script(tmp_path / "venv" / "bin", "agent", f"#!{tmp_path}/venv/bin/python")
    assert [mount.target for mount in resolve(str(path)).mounts] == [f"{tmp_path}/venv"]


def test_an_interpreter_stays_where_it_is_and_its_script_is_shown(tmp_path: Path) -> None:
    path = script(tmp_path, "agent.py")
    found = resolve(f"{sys.executable} {path} --flag")
    assert found.argv("/opt/agents", found_in(found)) == (sys.executable, str(path), "--flag")
    assert [(mount.source, mount.target, mount.writable) for mount in found.mounts] == [(path, str(path), False)]


@pytest.mark.parametrize("text", ["", "  ", "'unclosed"])
def test_no_command_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        resolve(text)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(MachineError, match="no-such-agent"):
        resolve("no-such-agent --acp")
    check = make_agent("acp:no-such-agent").check()
    assert not check.ok
    assert "no-such-agent" in check.detail
    assert check.remedy


def test_only_dummy_keys_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    program = AcpProgram(("x",), Path("/x"), Path("/x"), ())
    values = environment(program, "http://127.0.0.1:1", "m")
    assert values["OPENAI_BASE_URL"] == "http://127.0.0.1:1/v1"
    assert values["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"
    assert "planted" not in str(values)
    assert "OPENCODE_CONFIG_CONTENT" not in values
    assert "OPENCODE_CONFIG_CONTENT" in environment(AcpProgram(("opencode",), Path("/x"), Path("/x"), ()), "", "m")


def test_the_tool_is_offered_in_the_form_that_the_agent_takes() -> None:
    (http,) = mcp_servers("http://127.0.0.1:1", http=True)
    assert http.model_dump()["url"] == "http://127.0.0.1:1/mcp"
    (stdio,) = mcp_servers("http://127.0.0.1:1", http=False)
    assert stdio.model_dump()["args"][-1] == "http://127.0.0.1:1/mcp"
