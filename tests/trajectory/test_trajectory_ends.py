"""How runs end, and what must not end them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest

from loopwright.record import Limits, ModelCalled, RunDir, Trace, fold, read_events, verify
from loopwright.trajectory import resume

pytestmark = pytest.mark.slow
Run = Callable[..., tuple[RunDir, Trace]]


def _script(path: Path, *replies: str) -> None:
    path.write_text("version: 1\nname: s\nreplies:\n" + "\n".join(f"  - {reply}" for reply in replies) + "\n")


def _reason(trace: Trace) -> tuple[str, str]:
    assert trace.session_end is not None
    return trace.session_end.reason, trace.session_end.detail


def test_finish_ends_one_turn_and_not_the_next(run: Run, tiny_script: Path) -> None:
    finish = "{calls: [{call: {name: finish, arguments: {summary: done}}}]}"
    _script(tiny_script, finish, "{calls: [{shell: ls}]}", "{calls: [{shell: pwd}]}", "{say: that is all}")
    _, trace = run()
    assert [(turn.part_start, turn.part_end) for turn in trace.turns][:2] == [(1, 2), (3, 7)]


def test_a_run_that_died_after_finish_goes_on_with_the_next_turn(run: Run, tiny_script: Path) -> None:
    finish = "{calls: [{call: {name: finish, arguments: {summary: done}}}]}"
    _script(tiny_script, finish, "{calls: [{shell: ls}]}", "{say: that is all}")
    rundir, whole = run()
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    cut = next(n for n, line in enumerate(lines, 1) if b'"part":2,' in line)
    rundir.journal.write_bytes(b"".join(lines[:cut]))
    for derived in (rundir.agent_trace, rundir.summary, rundir.bundle):
        derived.unlink()  # of a run that died there, there are none yet
    anyio.run(lambda: resume(rundir))
    again = fold(event for _, event in read_events(rundir.journal))
    assert [part.summary for part in again.parts] == [part.summary for part in whole.parts]
    assert [turn.part_end for turn in again.turns] == [turn.part_end for turn in whole.turns]


def test_a_script_that_has_ended_is_no_failure_of_the_agent(run: Run, tiny_script: Path) -> None:
    _script(tiny_script, "{calls: [{shell: ls}]}", "{say: that is all}")
    rundir, trace = run()
    reason, detail = _reason(trace)
    assert reason == "infrastructure_error"
    assert detail.startswith("The script s has no more replies: it was asked on after its last, number 2.")
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    rundir.journal.write_bytes(b"".join(lines[:-1]))
    for derived in (rundir.agent_trace, rundir.summary, rundir.bundle):
        derived.unlink()
    anyio.run(lambda: resume(rundir))
    assert _reason(fold(event for _, event in read_events(rundir.journal))) == (reason, detail)


def test_an_instruction_that_a_limit_cut_off_goes_on(run: Run, tmp_path: Path, tiny_script: Path) -> None:
    _script(tiny_script, "{calls: [{shell: ls}]}", "{calls: [{shell: pwd}]}", "{say: that is all}")
    task = tmp_path / "instruction.md"
    task.write_text("Look around.\n")
    rundir, trace = run(Limits(max_parts=2), task=task)
    assert _reason(trace)[0] == "part_limit"

    def gone_on() -> tuple[str, int, int]:
        anyio.run(lambda: resume(rundir, Limits(max_parts=100)))
        events = [event for _, event in read_events(rundir.journal)]
        again = fold(events)
        return _reason(again)[0], len(again.turns), sum(isinstance(event, ModelCalled) for event in events)

    assert gone_on() == ("finished", 2, 3)
    assert gone_on() == ("finished", 2, 3), "an agent that was done is not asked again"


def test_an_agent_that_only_talks_is_said_to_do_so(run: Run, tiny_script: Path) -> None:
    _script(tiny_script, "{say: hm}", "{say: well}")
    _, trace = run()
    assert _reason(trace) == ("agent_error", "the agent yielded twice without calling a tool")


def test_hidden_suites_are_graded_at_any_end(run: Run, tiny_task: Path) -> None:
    environment = tiny_task / "environment.py"
    secret = '\nsecret = suite("secret")\n@secret.test("one")\ndef one() -> None: pass\n'
    environment.write_text(environment.read_text() + secret)
    toml = tiny_task / "task.toml"
    toml.write_text(toml.read_text() + 'hidden = ["secret"]\n')
    _, trace = run(Limits(max_parts=9))
    final = [grade for grade in trace.grades if grade.cause == "final"]
    assert [(grade.suites["secret"].passed, grade.suites["words"].passed) for grade in final] == [(1, 0)]
    _, solved = run()
    assert _reason(solved)[0] == "solved"
    told = [turn.prompt.value for turn in trace.turns]
    told += [part.tool.result.value for part in trace.parts if part.tool and part.tool.result]
    assert not any("secret" in str(text) for text in told)


def test_limits_of_the_task_hold_where_none_is_typed(run: Run, tiny_task: Path) -> None:
    toml = tiny_task / "task.toml"
    toml.write_text(toml.read_text() + "\n[agent]\nmax_parts = 3\n")
    _, trace = run(Limits())
    assert (_reason(trace)[0], len(trace.parts)) == ("part_limit", 3)


def test_repeated_call_ids_keep_their_own_grades(run: Run, provider: Callable[[list[Any]], str]) -> None:
    url = provider([_tests_call("words/ada"), _tests_call(""), {"content": "that is all"}, {"content": "really"}])
    _, trace = run(model=f"{url}#m")
    calls = [(call.path, call.result and call.result["total"]) for part in trace.parts for call in part.envoi_calls]
    assert calls == [("words/ada", 1), ("", 3)]


def test_a_provider_that_fails_is_no_failure_of_the_agent(run: Run, provider: Callable[[list[Any]], str]) -> None:
    _, trace = run(model=f"{provider([500] * 20)}#m")
    reason, detail = _reason(trace)
    assert reason == "infrastructure_error"
    assert "500" in detail


@pytest.mark.parametrize("answer", ["<html>", {"content": None, "tool_calls": [{"id": "x", "function": {}}]}, None])
def test_a_malformed_answer_is_an_error_and_no_crash(
    run: Run, provider: Callable[[list[Any]], str], answer: Any
) -> None:
    rundir, trace = run(model=f"{provider([answer] * 20)}#m")
    assert _reason(trace)[0] in ("agent_error", "infrastructure_error")
    assert verify(rundir).ok


def _tests_call(path: str) -> dict[str, Any]:
    function = {"name": "run_tests", "arguments": json.dumps({"test_path": path})}
    return {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}


@pytest.fixture
def provider() -> Iterator[Callable[[list[Any]], str]]:
    """A server on this machine that speaks chat completions: gives the answers in order (an int is a status)."""
    servers: list[ThreadingHTTPServer] = []

    def serve(answers: list[Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                answer = answers.pop(0) if answers else {"content": "that is all"}
                streamed = asked.get("stream") is True and isinstance(answer, dict)
                body = b"<html>" if answer == "<html>" else json.dumps(_completion(answer)).encode()
                body = _as_stream(answer) if streamed else body
                self.send_response(answer if isinstance(answer, int) else 200)
                self.send_header("content-type", _kind_of(body))
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing; the test says what failed."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/v1"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def _kind_of(body: bytes) -> str:
    return "text/html" if body == b"<html>" else "application/json" if body[:1] == b"{" else "text/event-stream"


def _as_stream(answer: dict[str, Any]) -> bytes:
    """The completion in one chunk, as a provider that was asked for a stream sends it."""
    delta = answer | {"tool_calls": [{"index": n, **call} for n, call in enumerate(answer.get("tool_calls", []))]}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": "stop"}
    return b"data: " + json.dumps(chunk | {"choices": [choice]}).encode() + b"\n\ndata: [DONE]\n\n"


def _completion(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        return {"error": {"message": "no"}}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **answer}}],
        "usage": {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    }


def _process(tmp_path: Path, task: Path, script: Path, **more: Any) -> subprocess.Popen[bytes]:
    words = ["run", "--task", str(task), "--model", f"scripted:{script}", "--trajectory-id", "r"]
    return subprocess.Popen(
        [sys.executable, "-m", "loopwright", *words],
        env={**os.environ, "LOOPWRIGHT_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        **more,
    )


# The run's scratch folder is /tmp in its sandbox.
_GO_ON = "until [ -e /tmp/go ]; do sleep 0.05; done"


def _wait_for(path: Path, words: bytes) -> None:
    deadline = time.monotonic() + 60
    while not (path.exists() and words in path.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_whoever_watches_may_leave(tmp_path: Path, tiny_task: Path, tiny_script: Path) -> None:
    process = _process(tmp_path, tiny_task, tiny_script, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    trace = fold(event for _, event in read_events(RunDir(tmp_path / "home", "r").journal))
    assert _reason(trace)[0] == "solved"


def _visit(rundir: RunDir) -> None:
    """Connect and go."""
    folder = os.open(rundir.path, os.O_RDONLY)
    deadline = time.monotonic() + 60
    while True:
        with socket.socket(socket.AF_UNIX) as visitor:
            try:
                visitor.connect(f"/proc/self/fd/{folder}/{rundir.control.name}")
                break
            except FileNotFoundError:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    os.close(folder)


def test_a_visitor_who_says_nothing_does_no_harm(tmp_path: Path, tiny_task: Path, tiny_script: Path) -> None:
    tiny_script.write_text(tiny_script.read_text().replace("- shell: ls", f"- shell: {_GO_ON}; ls"))
    process = _process(tmp_path, tiny_task, tiny_script, stdout=subprocess.DEVNULL)
    rundir = RunDir(tmp_path / "home", "r")
    _wait_for(rundir.journal, b'"part":3,')
    for _ in range(3):
        _visit(rundir)
    (rundir.scratch / "go").touch()
    assert process.wait(60) == 0, process.stderr and process.stderr.read()


def test_ctrl_c_during_the_evaluation(tmp_path: Path, tiny_task: Path, tiny_script: Path) -> None:
    environment = tiny_task / "environment.py"
    slow = "def build() -> None:\n    run(['sleep', '80'], timeout=90)"
    environment.write_text(environment.read_text().replace("def build() -> None:", slow))
    _script(tiny_script, "{say: nothing to do}")
    process = _process(tmp_path, tiny_task, tiny_script, stdout=subprocess.DEVNULL)
    rundir = RunDir(tmp_path / "home", "r")
    _wait_for(rundir.journal, b"turn_ended")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    trace = fold(event for _, event in read_events(rundir.journal))
    assert _reason(trace) == ("stopped", "SIGINT")
    assert rundir.bundle.exists()


def test_nohup_protects(tmp_path: Path, tiny_task: Path, tiny_script: Path) -> None:
    tiny_script.write_text(tiny_script.read_text().replace("- shell: ls", f"- shell: {_GO_ON}; ls"))
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = _process(tmp_path, tiny_task, tiny_script, stdout=subprocess.DEVNULL)
    finally:
        signal.signal(signal.SIGHUP, previous)
    rundir = RunDir(tmp_path / "home", "r")
    _wait_for(rundir.journal, b'"part":3,')
    process.send_signal(signal.SIGHUP)
    (rundir.scratch / "go").touch()
    assert process.wait(60) == 0


def test_a_workspace_that_was_deleted_is_made_again(run: Run) -> None:
    import shutil

    rundir, _ = run(Limits(max_parts=9))
    shutil.rmtree(rundir.workspace)
    assert anyio.run(lambda: resume(rundir, Limits(max_parts=100))).reason == "solved"
    assert verify(rundir).ok
