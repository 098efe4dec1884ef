"""What goes wrong around the real agents: one clear sentence each, a whole record, and nothing left behind."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.agents.programs_fixture import ensure_agents
from tests.conformance.leftovers import leftovers, sockets_below
from tests.conftest import Loopwright, Said

from loopwright.record import RunDir, Trace, fold, read_events, verify

pytestmark = pytest.mark.slow

_KEY = "sk-planted-4d7b"
_REFUSALS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "openai, wrong key": (
        "Check the key in OPENAI_API_KEY",
        401,
        {"error": {"message": f"Incorrect API key provided: {_KEY}.", "code": "invalid_api_key"}},
    ),
    "openai, no credit": (
        "Check the quota and the credit",
        429,
        {"error": {"message": "You exceeded your current quota.", "type": "x", "code": "insufficient_quota"}},
    ),
    "openai, unknown model": (
        "whether it serves the model gpt-nope",
        404,
        {"error": {"message": "The model `gpt-nope` does not exist.", "code": "model_not_found"}},
    ),
    "anthropic, wrong key": (
        "Check the key in ANTHROPIC_API_KEY",
        401,
        {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}},
    ),
    "anthropic, no credit": (
        "Check the quota and the credit",
        400,
        {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low."}},
    ),
    "anthropic, unknown model": (
        "whether it serves the model claude-nope",
        404,
        {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-nope"}},
    ),
}


@contextmanager
def _refusing(status: int, body: dict[str, Any]) -> Iterator[str]:
    """A provider that answers every request with this; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _trace(folder: Path, name: str = "bad") -> Trace:
    """The whole record of a run that has ended, with nothing left of it."""
    rundir = RunDir(folder / "home", name)
    checked = verify(rundir)
    assert checked.ok
    assert checked.problems == ()
    trace = fold(event for _, event in read_events(rundir.journal))
    assert trace.session_end is not None
    assert all(turn.outcome for turn in trace.turns)
    assert leftovers(folder) == []
    assert sockets_below(folder) == []
    return trace


def _one_sentence(said: Said, *words: str) -> None:
    assert said.code in (1, 2, 3)
    assert "Traceback" not in said.out + said.err
    for word in words:
        assert word in said.out + said.err, said.out + said.err


@pytest.mark.parametrize(
    ("agent", "refusal"),
    [
        ("codex", "openai, wrong key"),
        ("codex", "openai, no credit"),
        ("codex", "openai, unknown model"),
        ("claude", "anthropic, wrong key"),
        ("claude", "anthropic, no credit"),
        ("claude", "anthropic, unknown model"),
        ("native", "openai, wrong key"),
        ("native", "anthropic, no credit"),
        ("opencode", "openai, wrong key"),
        ("opencode", "openai, no credit"),
    ],
)
def test_a_provider_that_refuses(
    agent: str, refusal: str, tiny_task: Path, loopwright: Loopwright, tmp_path: Path
) -> None:
    if agent != "native":
        ensure_agents(agent)
    advice, status, body = _REFUSALS[refusal]
    provider = refusal.partition(",")[0]
    model = {"openai": "openai/gpt-nope", "anthropic": "anthropic/claude-nope"}[provider]
    with _refusing(status, body) as base:
        env = {
            "OPENAI_API_KEY": _KEY,
            "ANTHROPIC_API_KEY": _KEY,
            "OPENAI_BASE_URL": f"{base}/v1",
            "ANTHROPIC_BASE_URL": base,
        }
        words = ["--task", tiny_task, "--agent", agent, "--model", model, "--trajectory-id", "bad"]
        said = loopwright("run", *words, env=env)
    end = _trace(tmp_path).session_end
    assert end is not None
    assert end.reason == "infrastructure_error"
    assert advice in end.detail
    _one_sentence(said, advice, f"HTTP {status}")
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(written) > 10
    assert [path for path in written if _KEY.encode() in path.read_bytes()] == []
    assert _KEY not in said.out + said.err


@pytest.mark.parametrize(("agent", "key"), [("codex", "OPENAI_API_KEY"), ("claude", "ANTHROPIC_API_KEY")])
def test_no_key(agent: str, key: str, tiny_task: Path, loopwright: Loopwright, tmp_path: Path) -> None:
    ensure_agents(agent)
    model = "openai/gpt-5" if agent == "codex" else "anthropic/claude-x"
    said = loopwright("run", "--task", tiny_task, "--agent", agent, "--model", model)
    _one_sentence(said, f"{key} is not set", "export")
    assert said.code == 3
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("agent", ["codex", "claude", "opencode", "acp:opencode", "acp:no-such-program"])
def test_a_program_that_is_missing(
    agent: str, tiny_task: Path, tiny_script: Path, loopwright: Loopwright, tmp_path: Path
) -> None:
    env = {"LOOPWRIGHT_AGENTS": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"}
    said = loopwright("run", "--task", tiny_task, "--agent", agent, "--model", f"scripted:{tiny_script}", env=env)
    name = agent.rpartition(":")[2]
    _one_sentence(said, "not found", "Is it on PATH?" if "no-such" in name else f"loopwright agents install {name}")
    assert said.code == 3
    assert not (tmp_path / "home").exists()


def _fake(folder: Path, name: str, version: str, rest: str) -> dict[str, str]:
    """An environment in which the only program of an agent says that version, and otherwise does `rest`."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / name
    program.write_text(f'#!/bin/sh\ncase "$*" in *--version*) echo "{version}"; exit 0;; esac\n{rest}\n')
    program.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"LOOPWRIGHT_AGENTS": str(folder / "none"), "XDG_CACHE_HOME": str(folder / "cache"), "PATH": path}


@pytest.mark.parametrize("agent", ["codex", "claude", "opencode"])
def test_a_program_that_is_too_old(
    agent: str, tiny_task: Path, tiny_script: Path, loopwright: Loopwright, tmp_path: Path
) -> None:
    env = _fake(tmp_path, agent, "0.0.1", "exit 0")
    said = loopwright("run", "--task", tiny_task, "--agent", agent, "--model", f"scripted:{tiny_script}", env=env)
    _one_sentence(said, "0.0.1", "too old", f"loopwright agents install {agent}")
    assert said.code == 3
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("agent", "version"), [("codex", "codex-cli 0.163.0"), ("claude", "2.1.329"), ("opencode", "1.18.33")]
)
@pytest.mark.parametrize("rest", ["echo 'no such library' >&2; exit 127", "kill -SEGV $$"])
def test_a_program_that_crashes_at_its_start(
    agent: str, version: str, rest: str, tiny_task: Path, tiny_script: Path, loopwright: Loopwright, tmp_path: Path
) -> None:
    env = _fake(tmp_path, agent, version, rest)
    words = ["--task", tiny_task, "--agent", agent, "--model", f"scripted:{tiny_script}", "--trajectory-id", "bad"]
    said = loopwright("run", *words, env=env)
    told = "no such library" if "127" in rest else ("signal 11", "exit code 139")
    end = _trace(tmp_path).session_end
    assert end is not None
    assert end.reason == "infrastructure_error", "it never began to work"
    assert said.code == 3
    assert any(word in end.detail for word in ([told] if isinstance(told, str) else told)), end.detail
    _one_sentence(said)


@pytest.mark.parametrize(("agent", "files"), [("codex", "rollout-*.jsonl"), ("claude", "*.jsonl")])
def test_a_session_file_that_is_damaged(
    agent: str, files: str, tiny_task: Path, tiny_script: Path, loopwright: Loopwright, tmp_path: Path
) -> None:
    ensure_agents(agent)
    words = ["--task", tiny_task, "--agent", agent, "--model", f"scripted:{tiny_script}", "--trajectory-id", "bad"]
    loopwright("run", *words, "--max-parts", "4")
    home = RunDir(tmp_path / "home", "bad").agent_home
    sessions = list(home.rglob(files))
    assert sessions
    for path in sessions:
        path.write_bytes(b"\0\xff{" * 300)
    for path in home.rglob("*.sqlite*"):
        path.write_bytes(b"no database")
    said = loopwright("resume", "bad", "--max-parts", "60")
    assert "Traceback" not in said.out + said.err
    trace = _trace(tmp_path)
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"


def test_a_journal_of_something_else(loopwright: Loopwright, tmp_path: Path) -> None:
    run = tmp_path / "home" / "trajectories" / "foreign"
    run.mkdir(parents=True)
    (run / "journal.jsonl").write_text('{"seq": 1, "crc": "00000000", "event": {"type": "somebody_elses"}}\n' * 3)
    before = sorted(run.rglob("*"))
    for command in ("resume", "show", "fork"):
        said = loopwright(command, "foreign")
        assert said.code in (2, 3)
        assert "Traceback" not in said.err
        assert "journal" in said.err
        assert len(said.err.splitlines()) <= 4
    assert sorted(run.rglob("*")) == before
