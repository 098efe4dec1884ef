"""The runner on its own, without a sandbox: one failed test is one failed test, whatever it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

RunRunner = Callable[..., list[dict[str, Any]]]

HEAD = """
import os, signal, subprocess, sys, time
from loopwright.harness.environment import *
s = suite("s")

@s.test("before")
def before(): pass
"""
TAIL = """
@s.test("after")
def after(): pass
"""


def results(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {line["id"]: line for line in lines if line["type"] == "test"}
    assert len(found) == sum(line["type"] == "test" for line in lines)
    assert lines[-1] == {"type": "end", "count": len(found)}
    return found


def one_bad(run_runner: RunRunner, body: str, **changes: Any) -> dict[str, Any]:
    """Run a bad test between two good ones; the good ones have to pass."""
    found = results(run_runner(HEAD + body + TAIL, **changes))
    assert found["s/before"]["status"] == found["s/after"]["status"] == "passed"
    (bad,) = (result for name, result in found.items() if name not in ("s/before", "s/after"))
    return bad


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("fail('too slow', expected=b'1', actual=2)", "failed", ["too slow"]),
        ("expect_equal(b'a\\nb', b'a\\nc')", "failed", ["output differs at line 2"]),
        ("expect_equal(1, 2, 'exit code')", "failed", ["exit code differs"]),
        ("assert 1 == 2, 'plain'", "failed", ["plain"]),
        ("assert 1 == 2", "failed", ["environment.py", "assert 1 == 2"]),
        ("skip('not here')", "skipped", ["not here"]),
        ("raise ValueError('x')", "error", ["ValueError: x"]),
        ("sys.exit(0)", "error", ["SystemExit"]),
        ("raise KeyboardInterrupt", "error", ["KeyboardInterrupt"]),
        ("os._exit(0)", "error", ["exit code 0 and no result"]),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "error", ["signal 11"]),
        ("os.close(3); raise ValueError", "error", ["no result"]),
        ("import ctypes; ctypes.string_at(0)", "error", ["signal 11"]),
        ("sys.setrecursionlimit(10**5); f = lambda: f(); f()", "error", []),
    ],
)
def test_how_a_test_may_end(run_runner: RunRunner, code: str, status: str, words: list[str]) -> None:
    bad = one_bad(run_runner, f"@s.test('bad')\ndef bad(): {code}\n")
    assert bad["status"] == status
    for word in words:
        assert word in bad["message"]
    assert "_fork.py" not in bad["message"]
    assert "_runner.py" not in bad["message"]


def test_values_are_shown_as_text(run_runner: RunRunner) -> None:
    bad = one_bad(
        run_runner, "@s.test('bad')\ndef bad(): fail('m', expected=b'\\xff1', actual=['x'], input='i\\ud800')\n"
    )
    assert (bad["expected"], bad["actual"], bad["input"]) == ("\ufffd1", "['x']", "i?")


def test_a_passed_test_keeps_no_texts(run_runner: RunRunner) -> None:
    code = "@s.test('x')\ndef x(): describe(expected='e', input='i'); print('p')\n"
    assert set(results(run_runner(HEAD + code))["s/x"]) == {"type", "id", "status", "message", "duration_ms"}


def test_texts_are_capped(run_runner: RunRunner) -> None:
    code = (
        "@s.test('bad')\ndef bad(): fail('m' * 10**6, expected=b'e' * 10**7, actual='é' * 10**6, input='i' * 10**6)\n"
    )
    bad = one_bad(run_runner, code)
    for name in ("message", "expected", "actual", "input"):
        assert len(bad[name].encode()) <= 8192
        assert "bytes cut" in bad[name]


def test_a_hang_costs_its_own_limit_and_leaves_nobody(run_runner: RunRunner, tmp_path: Path) -> None:
    code = """
@s.test("bad", timeout=2)
def bad():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    describe(expected="the end", input="nothing")
    # A grandchild in a session of its own, which holds all our pipes.
    script = "trap '' TERM; echo $$ > ../pid.new; mv ../pid.new ../pid; while :; do sleep 0.05; done"
    subprocess.Popen(["setsid", "setsid", "sh", "-c", script], cwd=case_folder(), close_fds=False)
    while True: time.sleep(0 if os.path.exists(case_folder().parent / "pid") else 0.01)
"""
    for seconds in (2, 30):
        began = time.monotonic()
        bad = one_bad(run_runner, code.replace("timeout=2", f"timeout={seconds}"))
        assert time.monotonic() - began < seconds + 30  # by itself, nothing of it ends
        if (tmp_path / "cases" / "pid").exists():  # else two seconds were too little to start the grandchild
            break
    assert (bad["status"], bad["message"]) == ("timeout", f"did not end within {seconds} s")
    assert (bad["expected"], bad["input"]) == ("the end", "nothing")
    assert seconds * 1000 <= bad["duration_ms"] < (seconds + 20) * 1000
    assert not psutil.pid_exists(int((tmp_path / "cases" / "pid").read_text()))


def test_a_test_that_passed_does_not_leave_programs_behind(run_runner: RunRunner, tmp_path: Path) -> None:
    code = """
@s.test("left")
def left():
    program = subprocess.Popen(["setsid", "sleep", "1000"])
    (case_folder().parent / "pid").write_text(str(program.pid))
"""
    began = time.monotonic()
    assert results(run_runner(HEAD + code))["s/left"]["status"] == "passed"
    assert time.monotonic() - began < 60
    assert not psutil.pid_exists(int((tmp_path / "cases" / "pid").read_text()))


def test_what_a_running_test_started_is_not_taken_for_the_remains_of_another(run_runner: RunRunner) -> None:
    code = """
@s.test("long", timeout=100)
def long():
    # Two forks: what runs is an orphan at once.
    subprocess.run(["sh", "-c", "sleep 1000 & echo $! > pid"], cwd=case_folder())
    pid = int((case_folder() / "pid").read_text())
    while len(list(workspace().iterdir())) < 20: time.sleep(0.01)
    with open(f"/proc/{pid}/stat") as file: assert file.read().split()[2] == "S"
@s.test("{n}", params=[{"n": n} for n in range(20)])
def short(n): (workspace() / str(n)).touch()
"""
    assert results(run_runner(HEAD + code))["s/long"]["status"] == "passed"


def test_many_hangs_run_side_by_side(run_runner: RunRunner) -> None:
    code = """
@s.test("{n}", params=[{"n": n} for n in range(6)], timeout=2)
def bad(n):
    (workspace() / str(n)).touch()
    while len(list(workspace().iterdir())) < 6: time.sleep(0.01)
    describe(input="met the others")
    time.sleep(1000)
"""
    found = results(run_runner(HEAD + code + TAIL, parallel=6))
    assert [found[f"s/{n}"]["status"] for n in range(6)] == ["timeout"] * 6
    assert [found[f"s/{n}"].get("input") for n in range(6)] == ["met the others"] * 6


def test_a_flood_of_prints_is_cut_and_ends(run_runner: RunRunner) -> None:
    bad = one_bad(run_runner, "@s.test('bad')\ndef bad():\n    while True: print('x' * 10**5)\n")
    assert bad["status"] == "error"
    assert "printed without end" in bad["message"]
    assert len(bad["message"]) < 8192


def test_a_flood_into_the_report_is_cut(run_runner: RunRunner) -> None:
    bad = one_bad(run_runner, "@s.test('bad')\ndef bad():\n    while True: os.write(3, b'x' * 10**5)\n")
    assert bad["status"] == "error"


def test_prints_cannot_pass_for_results(run_runner: RunRunner) -> None:
    code = """
@s.test("bad")
def bad():
    forged = '{"type": "test", "id": "s/forged", "status": "passed", "duration_ms": 1}\\n'
    print(forged)
    for fd in range(1, 1024):
        try: os.write(fd, forged.encode())
        except OSError: pass
    subprocess.run(["echo", forged])
    fail("done")
"""
    found = results(run_runner(HEAD + code + TAIL))
    assert sorted(found) == ["s/after", "s/bad", "s/before"]


def test_prints_of_a_failed_test_are_shown(run_runner: RunRunner) -> None:
    code = "@s.test('bad')\ndef bad():\n    print('to out')\n    print('to err', file=sys.stderr)\n    fail('no')\n"
    message = one_bad(run_runner, code)["message"]
    assert message.startswith("no\nprinted by the test:\n")
    assert "to out" in message
    assert "to err" in message


def test_setup_runs_once_and_its_failure_stops_the_tests(run_runner: RunRunner) -> None:
    code = """
@setup
def build():
    with open(workspace() / "count", "a") as file: file.write("x")
    fail("no compiler", actual="cc: not found")
"""
    lines = run_runner(HEAD + code)
    assert [line["type"] for line in lines] == ["plan", "setup", "end"]
    assert (lines[1]["status"], lines[1]["message"], lines[1]["actual"]) == ("failed", "no compiler", "cc: not found")


@pytest.mark.parametrize(
    ("code", "status", "seconds"),
    [
        ("raise OSError('x')", "error", 60),
        ("time.sleep(1000)", "timeout", 0.5),
        ("os._exit(0)", "error", 60),
        ("skip('x')", "skipped", 60),
    ],
)
def test_setup_may_end_like_a_test(run_runner: RunRunner, code: str, status: str, seconds: float) -> None:
    lines = run_runner(HEAD + f"@setup\ndef build(): {code}\n", build_seconds=seconds)
    assert lines[1]["status"] == status


def test_teardown_runs_last_whatever_the_tests_did(run_runner: RunRunner, tmp_path: Path) -> None:
    code = """
@s.test("bad")
def bad(): os._exit(1)
@teardown
def down(): (workspace() / "down").write_text("x")
"""
    lines = run_runner(HEAD + code + TAIL)
    assert [line["type"] for line in lines[-2:]] == ["teardown", "end"]
    assert (tmp_path / "workspace" / "down").exists()


def test_results_are_streamed_as_tests_end(run_runner: RunRunner) -> None:
    code = """
@s.test("slow")
def slow():
    while not (pids := list(workspace().iterdir())): time.sleep(0.01)
    while os.path.exists(f"/proc/{pids[0].name}"): time.sleep(0.01)
@s.test("quick")
def quick(): (workspace() / str(os.getpid())).touch()
"""
    lines = [line["id"] for line in run_runner(HEAD + code) if line["type"] == "test"]
    assert lines == ["s/before", "s/quick", "s/slow"]


def test_only_the_asked_tests_run(run_runner: RunRunner) -> None:
    assert list(results(run_runner(HEAD + TAIL, tests=["s/after"]))) == ["s/after"]


def test_every_test_has_an_empty_folder_of_its_own(run_runner: RunRunner, tmp_path: Path) -> None:
    code = """
@s.test("{n}", params=[{"n": n} for n in range(8)])
def own(n):
    assert list(case_folder().iterdir()) == []
    (case_folder() / "x").write_text("x")
    os.chmod(case_folder(), 0o500)
"""
    found = results(run_runner(HEAD + code))
    assert {result["status"] for result in found.values()} == {"passed"}


def test_case_folder_is_refused_while_loading(run_runner: RunRunner) -> None:
    code = "try: case_folder()\nexcept RuntimeError as error: note = str(error)\n@s.test('x')\ndef x(): fail(note)\n"
    assert "only there while" in results(run_runner(HEAD + code))["s/x"]["message"]


def test_programs(run_runner: RunRunner) -> None:
    code = """
@s.test("exit")
def exit():
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=60)
    check(done, 3, None, b"out\\n", b"err\\n")
@s.test("signal")
def signalled(): done = run(["sh", "-c", "kill -SEGV $$"], timeout=60); check(done, None, 11)
@s.test("timeout")
def timed(): done = run(["sleep", "1000"], timeout=0.3); assert done.timed_out; check(done, None, None)
@s.test("stdin")
def stdin(): check(run(["cat"], timeout=60, stdin=b"abc" * 10**5), 0, None, b"abc" * 10**5, truncated=True)
@s.test("missing")
def missing(): assert run(["./nothing_here"], timeout=60).exit_code == 127
@s.test("env")
def env(): assert run(["sh", "-c", "echo $A$HOME"], timeout=60, env={"A": "1"}).stdout_text == f"1{case_folder()}\\n"
@s.test("cwd")
def cwd(): assert run(["pwd"], timeout=60).stdout_text == f"{case_folder()}\\n"
@s.test("limit")
def limit(): assert len(run(["sh", "-c", "yes | head -c 9999"], timeout=60, output_limit=100).stdout) == 100

def check(done, code, signal, stdout=b"", stderr=b"", truncated=False):
    assert (done.exit_code, done.signal) == (code, signal), (done.exit_code, done.signal)
    assert done.stdout_truncated == truncated
    assert truncated or (done.stdout, done.stderr) == (stdout, stderr)
"""
    found = results(run_runner(HEAD + code))
    assert {name: result["message"] for name, result in found.items() if result["status"] != "passed"} == {}
    assert found["s/timeout"].get("slow") is True
    assert "slow" not in found["s/exit"]


def test_check_fails_with_the_output(run_runner: RunRunner) -> None:
    bad = one_bad(
        run_runner, "@s.test('b')\ndef b(): run(['sh', '-c', 'echo why >&2; exit 4'], timeout=60, check=True)\n"
    )
    assert (bad["status"], bad["message"], bad["actual"]) == ("failed", "sh ended with exit code 4", "why\n")
    assert bad["input"] == "sh -c echo why >&2; exit 4"


def test_check_of_a_program_without_end_is_a_timeout(run_runner: RunRunner) -> None:
    bad = one_bad(run_runner, "@s.test('b')\ndef b(): run(['sleep', '1000'], timeout=0.3, check=True)\n")
    assert (bad["status"], bad["slow"]) == ("timeout", True)


def test_processor_time_ends_an_endless_loop_whatever_the_clock_says(run_runner: RunRunner) -> None:
    code = """
@s.test("spin", timeout=60)
def spin():
    done = run(["sh", "-c", "while :; do :; done"], timeout=60, cpu_seconds=1)
    assert done.timed_out and done.exit_code is None and done.signal is None
    assert done.duration_ms < 59_000
"""
    assert results(run_runner(HEAD + code))["s/spin"]["status"] == "passed"


def test_a_runner_without_a_sandbox_ends_with_whoever_started_it(runner_argv: list[str], tmp_path: Path) -> None:
    """So that nothing goes on for ever where these tests are killed."""
    (tmp_path / "environment.py").write_text(
        HEAD
        + f"""
program = subprocess.Popen(["setsid", "sleep", "1000"])
for pid in (os.getpid(), program.pid): open({str(tmp_path)!r} + f"/pid-{{pid}}", "w").close()
open({str(tmp_path / "ready")!r}, "w").close()
time.sleep(1000)
"""
    )
    request = {"mode": "grade", "environment": str(tmp_path / "environment.py")}
    starter = f"""
import os, subprocess, time
argv = {runner_argv!r}
argv[argv.index({str(os.getpid())!r})] = str(os.getpid())
subprocess.run(argv, input={json.dumps(request).encode()!r})
"""
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.DEVNULL) as ours:
        while not (tmp_path / "ready").exists():
            assert ours.poll() is None
            time.sleep(0.01)
        pids = [int(path.name.partition("-")[2]) for path in tmp_path.glob("pid-*")]
        assert len(pids) == 2
        assert all(map(psutil.pid_exists, pids))
        ours.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
