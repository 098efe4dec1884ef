"""Grading in a real sandbox."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import pytest

from loopwright.harness import CaseResult, Grade, Grader, load_task

MakeTask = Callable[..., Path]
MakeWorkspace = Callable[..., Path]
pytestmark = pytest.mark.anyio

# The submission is a script `echo` that has to print its argument; build.sh has to make it.
ECHO_TASK = """
from loopwright.harness.environment import *

@setup
def build():
    run(["./build.sh"], timeout=60, check=True)

basics, more = suite("basics"), suite("more")

@basics.test("say/{word}", params=[{"word": "one"}, {"word": "two"}, {"word": "three"}], timeout=120)
def say(word):
    describe(input=word, expected=word)
    done = run([workspace() / "echo", word], timeout=60)
    expect_equal(done.stdout_text, word + "\\n", input=word)

@more.test("rejects", timeout=120)
def rejects():
    done = run([workspace() / "echo"], timeout=60)
    if not rejected(done):
        fail("it took no argument for an answer", actual=done.stderr)
"""
GOOD = {
    "build.sh": "#!/bin/sh\nset -e\ncp source.sh echo\nchmod +x echo\n",
    "source.sh": '#!/bin/sh\n[ $# = 1 ] || { echo "usage: echo WORD" >&2; exit 2; }\necho "$1"\n',
}


@pytest.fixture(autouse=True)
def private_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """So that a test can see that nothing is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def commit(folder: Path, files: Mapping[str, str]) -> tuple[Path, str]:
    """A repository with one commit of these files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        if text.startswith("#!"):
            (folder / name).chmod(0o755)

    def git(*words: str) -> str:
        about = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", "-C", str(folder), *about, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "x")
    return folder / ".git", git("rev-parse", "HEAD")


def statuses(grade: Grade) -> dict[str, str]:
    return {case.id: case.status for case in grade.cases}


async def test_a_good_submission(
    make_task: MakeTask, make_workspace: MakeWorkspace, private_temporary_folder: Path
) -> None:
    task = load_task(make_task(ECHO_TASK))
    workspace = make_workspace(GOOD)
    seen: list[CaseResult] = []
    grade = await Grader(task, backend="bwrap", cache=None).grade_folder(workspace, on_case=seen.append)
    assert (grade.status_code, grade.error, grade.build) == (200, "", "")
    assert list(statuses(grade)) == ["basics/say/one", "basics/say/two", "basics/say/three", "more/rejects"]
    assert set(statuses(grade).values()) == {"passed"}, grade
    assert sorted(case.id for case in seen) == sorted(statuses(grade))
    assert {name: (count.passed, count.total, count.expected) for name, count in grade.suites.items()} == {
        "basics": (3, 3, 3),
        "more": (1, 1, 1),
    }
    assert sorted(path.name for path in workspace.iterdir()) == ["build.sh", "source.sh"]
    assert list(private_temporary_folder.iterdir()) == []


async def test_a_bad_submission_fails_where_it_is_bad(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    task = load_task(make_task(ECHO_TASK))
    source = '#!/bin/sh\n[ "$1" = two ] && kill -SEGV $$\necho "$1"\n'
    grade = await Grader(task, backend="bwrap", cache=None).grade_folder(make_workspace(GOOD | {"source.sh": source}))
    assert statuses(grade) == {
        "basics/say/one": "passed",
        "basics/say/two": "failed",
        "basics/say/three": "passed",
        "more/rejects": "failed",
    }
    assert (grade.passed, grade.failed, grade.total) == (2, 2, 4)
    assert grade.cases[1].input == "two"


@pytest.mark.parametrize(
    ("path", "count", "suites"),
    [
        ("basics", 3, {"basics": (3, 3)}),
        ("basics/say/t*", 2, {"basics": (2, 3)}),
        ("more/rejects", 1, {"more": (1, 1)}),
        ("*/*", 4, {"basics": (3, 3), "more": (1, 1)}),
    ],
)
async def test_a_path_selects(
    make_task: MakeTask, make_workspace: MakeWorkspace, path: str, count: int, suites: dict[str, tuple[int, int]]
) -> None:
    task = load_task(make_task(ECHO_TASK))
    grade = await Grader(task, backend="bwrap", cache=None).grade_folder(make_workspace(GOOD), path)
    assert (grade.total, grade.passed, grade.path) == (count, count, path)
    assert {name: (each.total, each.expected) for name, each in grade.suites.items()} == suites


async def test_an_unknown_path_is_400_and_hidden_suites_do_not_exist_for_it(
    make_task: MakeTask, make_workspace: MakeWorkspace
) -> None:
    task = load_task(make_task(ECHO_TASK, '[tests]\nhidden = ["more"]\n'))
    grader, workspace = Grader(task, backend="bwrap", cache=None), make_workspace(GOOD)
    for path in ("basics/sya", "more", "more/rejects"):
        grade = await grader.grade_folder(workspace, path)
        assert (grade.status_code, grade.cases, grade.suites) == (400, (), {})
        assert "no test matches" in grade.error
        assert "rejects" not in grade.error.replace(repr(path), "")
        assert "hidden" not in grade.error
    assert list((await grader.grade_folder(workspace)).suites) == ["basics"]
    assert list((await grader.grade_folder(workspace, include_hidden=True)).suites) == ["basics", "more"]


async def test_where_every_suite_is_hidden_no_name_is_given_away(
    make_task: MakeTask, make_workspace: MakeWorkspace
) -> None:
    task = load_task(make_task(ECHO_TASK, '[tests]\nhidden = ["basics", "more"]\n'))
    grader, workspace = Grader(task, backend="bwrap", cache=None), make_workspace(GOOD)
    for path, said in {
        "": "there are no tests to run",
        "basics": "no test matches 'basics'; there is no suite that may be seen",
    }.items():
        grade = await grader.grade_folder(workspace, path)
        assert (grade.status_code, grade.error) == (400, said)


async def test_a_failed_build_is_an_error_of_every_test(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    task = load_task(make_task(ECHO_TASK))
    files = GOOD | {"build.sh": "#!/bin/sh\necho compiling; echo 'x.c:1: no' >&2; exit 3\n"}
    grade = await Grader(task, backend="bwrap", cache=None).grade_folder(make_workspace(files))
    assert grade.build == "build.sh ended with exit code 3\ncompiling\n\nx.c:1: no\n"
    assert (grade.status_code, grade.error) == (200, "the build failed")
    assert set(statuses(grade).values()) == {"error"}
    assert (grade.passed, grade.failed, grade.total) == (0, 4, 4)
    assert grade.suites["basics"].error == "the build failed"


async def test_a_build_that_does_not_end(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    code = ECHO_TASK.replace('run(["./build.sh"], timeout=60', 'run(["./build.sh"], timeout=1')
    files = GOOD | {"build.sh": "#!/bin/sh\ntrap '' TERM\nsetsid sleep 1000 &\nwhile :; do :; done\n"}
    began = time.monotonic()
    grade = await Grader(load_task(make_task(code)), backend="bwrap", cache=None).grade_folder(make_workspace(files))
    assert time.monotonic() - began < 60
    assert "did not end within its time limit" in grade.build
    assert grade.failed == 4


async def test_a_broken_setup_is_the_harness(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    code = ECHO_TASK.replace('run(["./build.sh"], timeout=60, check=True)', "open('/nothing')")
    grade = await Grader(load_task(make_task(code)), backend="bwrap", cache=None).grade_folder(make_workspace(GOOD))
    assert grade.status_code == 500
    assert "FileNotFoundError" in grade.error
    assert (grade.failed, grade.total) == (4, 4)


async def test_what_differs_in_the_sandbox_is_a_failure_and_not_nothing(
    make_task: MakeTask, make_workspace: MakeWorkspace
) -> None:
    code = "import os\nif os.path.isdir('/loopwright'): raise OSError('only here')\n" + ECHO_TASK
    grade = await Grader(load_task(make_task(code)), backend="bwrap", cache=None).grade_folder(make_workspace(GOOD))
    assert grade.status_code == 500
    assert "OSError: only here" in grade.error
    assert (grade.passed, grade.failed, grade.total) == (0, 4, 4)
    assert grade.suites["basics"].expected == 3


async def test_a_runner_that_dies_leaves_a_partial_grade(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    code = """
import os, time
from loopwright.harness.environment import *
s = suite("s")
@s.test("good")
def good(): (workspace() / f"pid-{os.getpid()}").touch()
@s.test("murder")
def murder():
    while not (pids := list(workspace().glob("pid-*"))): time.sleep(0.01)
    while os.path.exists(f"/proc/{pids[0].name[4:]}"): time.sleep(0.01)
    time.sleep(0.3)  # the runner tells what it has seen
    os.kill(os.getppid(), 9)
    time.sleep(5)
@s.test("later")
def later(): time.sleep(5)
"""
    task = load_task(make_task(code))
    grade = await Grader(task, backend="bwrap", cache=None, parallel=2).grade_folder(make_workspace({}))
    assert grade.status_code == 500
    assert statuses(grade) == {"s/good": "passed", "s/murder": "error", "s/later": "error"}
    assert "the test runner ended too early, with exit code 137" in grade.cases[1].message
    assert (grade.passed, grade.failed, grade.total) == (1, 2, 3)
    assert grade.suites["s"].error


async def test_a_task_that_changed_since_it_was_loaded_is_not_graded(
    make_task: MakeTask, make_workspace: MakeWorkspace
) -> None:
    folder = make_task(ECHO_TASK)
    task = load_task(folder)
    (folder / "environment.py").write_text(ECHO_TASK + "\n")
    grade = await Grader(task, backend="bwrap", cache=None).grade_folder(make_workspace(GOOD))
    assert grade.status_code == 500
    assert "has changed" in grade.error


async def test_outputs_are_deleted_before_the_build(make_task: MakeTask, make_workspace: MakeWorkspace) -> None:
    stale = GOOD | {"echo": "#!/bin/sh\necho $1\n", "build.sh": "#!/bin/sh\nexit 0\n"}
    workspace = make_workspace(stale)
    folder = make_task(ECHO_TASK, '[build]\noutputs = ["echo"]\n')
    grade = await Grader(load_task(folder), backend="bwrap", cache=None).grade_folder(workspace, "basics")
    assert grade.passed == 0
    assert (workspace / "echo").exists()


async def test_a_commit_is_graded_and_its_results_are_kept(make_task: MakeTask, tmp_path: Path) -> None:
    task = load_task(make_task(ECHO_TASK))
    repo, id = commit(tmp_path / "repo", GOOD)
    grader = Grader(task, backend="bwrap", cache=tmp_path / "cache")
    part = await grader.grade(repo, id, "basics/say/one")
    assert (part.commit, part.cached, part.passed) == (id, False, 1)
    assert len(part.tree) == 40
    whole = await grader.grade(repo, id)
    assert (whole.cached, whole.passed) == (False, 4)
    seen: list[CaseResult] = []
    again = await Grader(task, backend="bwrap", cache=tmp_path / "cache").grade(repo, id, on_case=seen.append)
    assert (again.cached, again.cases, len(seen)) == (True, whole.cases, 4)
    quickest = min([(await grader.grade(repo, id)).duration_ms for _ in range(3)])
    assert quickest < whole.duration_ms
    other, other_id = commit(tmp_path / "other", GOOD | {"new": "x"})
    assert not (await grader.grade(other, other_id)).cached


async def test_a_failed_build_is_kept_but_a_slow_one_is_not(make_task: MakeTask, tmp_path: Path) -> None:
    for script, kept, seconds in (("exit 3", True, 60), ("sleep 1000", False, 1)):
        code = ECHO_TASK.replace('run(["./build.sh"], timeout=60', f'run(["./build.sh"], timeout={seconds}')
        grader = Grader(load_task(make_task(code, name=f"task{seconds}")), backend="bwrap", cache=tmp_path / "cache")
        repo, id = commit(tmp_path / script.replace(" ", ""), GOOD | {"build.sh": f"#!/bin/sh\n{script}\n"})
        first, second = await grader.grade(repo, id), await grader.grade(repo, id)
        assert (first.cached, second.cached) == (False, kept)
        assert first.build == second.build != ""
        assert first.cases == second.cases


async def test_timeouts_and_errors_are_run_again(make_task: MakeTask, tmp_path: Path) -> None:
    code = """
import os, time
from loopwright.harness.environment import *
s = suite("s")
@s.test("passes")
def passes(): pass
@s.test("hangs", timeout=0.5)
def hangs(): time.sleep(1000)
@s.test("slow", timeout=60)
def slow(): fail("slow" if run(["sleep", "1000"], timeout=0.3).timed_out else "")
@s.test("breaks")
def breaks(): os._exit(1)
"""
    task = load_task(make_task(code))
    repo, id = commit(tmp_path / "repo", {"x": "x"})
    grader = Grader(task, backend="bwrap", cache=tmp_path / "cache", parallel=1)
    for _ in range(2):
        seen: list[CaseResult] = []
        grade = await grader.grade(repo, id, on_case=seen.append)
        assert not grade.cached
        assert seen[0].id == "s/passes"
        assert list(statuses(grade).values()) == ["passed", "timeout", "failed", "error"]
    kept = next((tmp_path / "cache").iterdir()).read_text()
    assert kept.count('"id"') == 1


async def test_an_interrupted_grade_goes_on_where_it_was(make_task: MakeTask, tmp_path: Path) -> None:
    code = """
from loopwright.harness.environment import *
s = suite("s")
@s.test("{n}", params=[{"n": n} for n in range(30)])
def test(n): run(["sleep", "0.05"], timeout=60)
"""
    task = load_task(make_task(code))
    repo, id = commit(tmp_path / "repo", {"x": "x"})
    first: list[CaseResult] = []
    with anyio.CancelScope() as scope:

        def stop_at_ten(case: CaseResult) -> None:
            first.append(case)
            if len(first) == 10:
                scope.cancel()

        await Grader(task, backend="bwrap", cache=tmp_path / "cache").grade(repo, id, on_case=stop_at_ten)
    assert scope.cancelled_caught
    seen: list[CaseResult] = []
    grade = await Grader(task, backend="bwrap", cache=tmp_path / "cache").grade(repo, id, on_case=seen.append)
    assert grade.passed == len(seen) == 30
    assert {case.id for case in first} <= {case.id for case in seen[: len(first)]}


async def test_without_isolation(
    make_task: MakeTask, make_workspace: MakeWorkspace, private_temporary_folder: Path
) -> None:
    task = load_task(make_task(ECHO_TASK))
    grade = await Grader(task, backend="host", cache=None).grade_folder(make_workspace(GOOD))
    assert set(statuses(grade).values()) == {"passed"}, grade
    assert list(private_temporary_folder.iterdir()) == []


async def test_an_unknown_commit_is_refused(make_task: MakeTask, tmp_path: Path) -> None:
    from loopwright.base import LoopwrightError

    repo, _ = commit(tmp_path / "repo", GOOD)
    with pytest.raises(LoopwrightError):
        await Grader(load_task(make_task()), backend="bwrap", cache=None).grade(repo, "0" * 40)
