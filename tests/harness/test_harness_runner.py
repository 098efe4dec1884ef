"""The runner on its own, without a sandbox: one failed test is one failed test, whatever it does."""

from __future__ import annotations

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
    script = "trap '' TERM; echo $$ > ../pid; while :; do sleep 0.05; done"
    subprocess.Popen(["setsid", "setsid", "sh", "-c", script], cwd=case_folder(), close_fds=False)
    while True: time.sleep(0 if os.path.exists(case_folder().parent / "pid") else 0.01)
"""
    began = time.monotonic()
    bad = one_bad(run_runner, code)
    assert time.monotonic() - began < 8
    assert (bad["status"], bad["message"]) == ("timeout", "did not end within 2 s")
    assert (bad["expected"], bad["input"]) == ("the end", "nothing")
    assert 2000 <= bad["duration_ms"] < 4000
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
    assert time.monotonic() - began < 4
    assert not psutil.pid_exists(int((tmp_path / "cases" / "pid").read_text()))


def test_what_a_running_test_started_is_not_taken_for_the_remains_of_another(run_runner: RunRunner) -> None:
    code = """
@s.test("long", timeout=20)
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
    code = "@s.test('{n}', params=[{'n': n} for n in range(6)], timeout=0.5)\ndef bad(n): time.sleep(1000)\n"
    began = time.monotonic()
    found = results(run_runner(HEAD + code + TAIL, parallel=6))
    assert time.monotonic() - began < 3
    assert [found[f"s/{n}"]["status"] for n in range(6)] == ["timeout"] * 6


def test_a_flood_of_prints_is_cut_and_ends(run_runner: RunRunner) -> None:
    began = time.monotonic()
    bad = one_bad(run_runner, "@s.test('bad')\ndef bad():\n    while True: print('x' * 10**5)\n")
    assert time.monotonic() - began < 5
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
    ("code", "status"),
    [
        ("raise OSError('x')", "error"),
        ("time.sleep(1000)", "timeout"),
        ("os._exit(0)", "error"),
        ("skip('x')", "skipped"),
    ],
)
def test_setup_may_end_like_a_test(run_runner: RunRunner, code: str, status: str) -> None:
    lines = run_runner(HEAD + f"@setup\ndef build(): {code}\n", build_seconds=0.5)
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
    code = "@s.test('slow')\ndef slow(): time.sleep(0.7)\n@s.test('quick')\ndef quick(): pass\n"
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
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=5)
    check(done, 3, None, b"out\\n", b"err\\n")
@s.test("signal")
def signalled(): done = run(["sh", "-c", "kill -SEGV $$"], timeout=5); check(done, None, 11)
@s.test("timeout")
def timed(): done = run(["sleep", "1000"], timeout=0.3); assert done.timed_out; check(done, None, None)
@s.test("stdin")
def stdin(): check(run(["cat"], timeout=5, stdin=b"abc" * 10**5), 0, None, b"abc" * 10**5, truncated=True)
@s.test("missing")
def missing(): assert run(["./nothing_here"], timeout=5).exit_code == 127
@s.test("env")
def env(): assert run(["sh", "-c", "echo $A$HOME"], timeout=5, env={"A": "1"}).stdout_text == f"1{case_folder()}\\n"
@s.test("cwd")
def cwd(): assert run(["pwd"], timeout=5).stdout_text == f"{case_folder()}\\n"
@s.test("limit")
def limit(): assert len(run(["sh", "-c", "yes | head -c 9999"], timeout=5, output_limit=100).stdout) == 100

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
        run_runner, "@s.test('b')\ndef b(): run(['sh', '-c', 'echo why >&2; exit 4'], timeout=5, check=True)\n"
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
    assert done.duration_ms < 30_000
"""
    assert results(run_runner(HEAD + code))["s/spin"]["status"] == "passed"
