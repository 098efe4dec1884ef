"""The example task c_compiler: its cases, its reference workspaces, and the compiler that the script writes."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
import yaml

from loopwright.gateway.scripted.load import load_script
from loopwright.gateway.scripted.schema import CallSpec, Script
from loopwright.harness import Grade, Grader, Task, load_task

TASK = Path(__file__).parents[2] / "examples" / "c_compiler"
CASES = TASK / "tests" / "basics"
SCRIPT = TASK / "scripted.yaml"
LIMIT_OF_LINES = 400
read_header: Any = runpy.run_path(str(TASK / "case_header.py"))["read_header"]


class Expected(NamedTuple):
    """What a header says. Read here a second time, so that a mistake of environment.py's reader shows."""

    stdout: str
    exit_code: int
    stdin: bytes
    is_invalid: bool


def read_expected(path: Path) -> Expected:
    stdout, stdin, exit_code, invalid = [], "", 0, False
    for line in path.read_text().splitlines():
        if line.startswith("// expect_stdout:"):
            stdout.append(line[len("// expect_stdout:") :].removeprefix(" "))
        elif line.startswith("// stdin:"):
            stdin += line[len("// stdin:") :].removeprefix(" ") + "\n"
        elif line.startswith("// expect_exit: "):
            exit_code = int(line.rpartition(" ")[2])
        elif line == "// expect_error":
            invalid = True
        else:
            break
    return Expected("\n".join(stdout), exit_code, stdin.encode(), invalid)


def all_cases() -> list[Path]:
    return sorted(path for path in CASES.glob("*/*") if not path.name.endswith(".valid.c"))


def programs_of(case: Path) -> list[Path]:
    """The files with a header: the case itself, and before it its twin where it has one."""
    if case.is_dir():
        return [case / "main.c"]
    twin = case.with_suffix(".valid.c")
    return [twin, case] if case.parent.name == "invalid" else [case]


def all_programs() -> list[Path]:
    return [program for case in all_cases() for program in programs_of(case)]


def problem_of(compiler: Path, program: Path, folder: Path) -> str:
    """Compile and run one program; empty where it does what its header says."""
    expected = read_expected(program)
    inputs = sorted(program.parent.glob("*.c")) if program.name == "main.c" else [program]
    output = folder / program.name.replace(".", "_")
    compiled = subprocess.run([compiler, *inputs, "-o", output], capture_output=True, timeout=60, check=False)
    if expected.is_invalid:
        clean = 1 <= compiled.returncode <= 125 and compiled.stderr and b"Traceback" not in compiled.stderr
        return "" if clean else f"not rejected properly: {compiled.returncode} {compiled.stderr!r}"
    if compiled.returncode:
        return f"not compiled: {compiled.returncode} {compiled.stderr!r}"
    ran = subprocess.run([output], input=expected.stdin, capture_output=True, timeout=60, check=False)
    found = (ran.stdout.decode().removesuffix("\n"), ran.returncode)
    return "" if found == (expected.stdout, expected.exit_code) else f"found {found}, expected {expected}"


def problems_of(compiler: Path, folder: Path) -> dict[str, str]:
    """Every case that does not do what it should, with the reason."""

    def run(case: Path) -> tuple[str, str]:
        own = folder / case.parent.name / case.stem
        own.mkdir(parents=True)
        reasons = (problem_of(compiler, program, own) for program in programs_of(case))
        return str(case.relative_to(CASES)), next(filter(None, reasons), "")

    with ThreadPoolExecutor(2) as pool:
        return {name: reason for name, reason in pool.map(run, all_cases()) if reason}


def build(workspace: Path) -> Path:
    subprocess.run(["sh", "build.sh"], cwd=workspace, check=True, capture_output=True, timeout=60)
    return workspace / "cc"


def apply(call: CallSpec, workspace: Path) -> None:
    """Do what a call does to the workspace; the shell commands of the script change nothing there."""
    if call.write is not None:
        target = workspace / call.write.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(call.write.text or "")
    elif call.edit is not None:
        target = workspace / call.edit.path
        assert target.read_text().count(call.edit.old) == 1, f"{call.edit.path}: {call.edit.old!r}"
        target.write_text(target.read_text().replace(call.edit.old, call.edit.new))


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task(TASK)


@pytest.fixture(scope="module")
def script() -> Script:
    return load_script(SCRIPT)[0]


@pytest.fixture
def written(script: Script, tmp_path: Path) -> Path:
    """The workspace as the script leaves it."""
    workspace = tmp_path / "written"
    shutil.copytree(TASK / "files", workspace)
    for reply in script.replies:
        for call in reply.calls:
            apply(call, workspace)
    return workspace


# Cases.


def test_there_are_enough_cases_in_every_category() -> None:
    counts: dict[str, int] = {}
    for case in all_cases():
        counts[case.parent.name] = counts.get(case.parent.name, 0) + 1
    assert sum(counts.values()) >= 84
    assert counts["multi_file"] >= 5
    assert counts["invalid"] >= 12
    assert min(counts.values()) >= 5


def test_the_task_declares_every_case_once(task: Task) -> None:
    wanted = {f"basics/{case.parent.name}/{case.name.removesuffix('.c')}" for case in all_cases()}
    assert {test.id for test in task.tests} == wanted
    assert task.suites == {"basics": len(wanted)}
    assert task.visible == ("basics",)


def test_headers_fit_the_category() -> None:
    for program in all_programs():
        expected = read_expected(program)
        is_twin = program.name.endswith(".valid.c")
        assert expected.is_invalid == (program.parent.name == "invalid" and not is_twin), program
        assert 0 <= expected.exit_code <= 255, program


def test_cases_are_tidy() -> None:
    for path in CASES.rglob("*.[ch]"):
        lines = path.read_text().splitlines()
        assert all(len(line) <= 120 and line == line.rstrip() for line in lines), path
        assert path.read_text().endswith("\n"), path


def test_no_case_includes_a_standard_header() -> None:
    assert not [path for path in CASES.rglob("*.[ch]") if "#include <" in path.read_text()]


def test_the_compiler_does_not_see_what_is_expected() -> None:
    source = "// stdin: 1 2\n// expect_stdout:\n// expect_stdout:  a: b\n// expect_exit: 3\n// a remark\nint x;\n"
    header, seen = read_header(source)
    assert header == ("\n a: b", 3, b"1 2\n", False)
    assert seen == "\n\n\n\n// a remark\nint x;\n"
    with pytest.raises(ValueError, match="expect_output"):
        read_header("// expect_output: a\nint x;\n")


def test_the_task_reads_headers_as_this_test_does() -> None:
    for program in all_programs():
        header, seen = read_header(program.read_text())
        assert header == read_expected(program), program
        assert "// expect_" not in seen, "an expectation below the header would be lost"
        assert "// stdin" not in seen, "an expectation below the header would be lost"
        assert seen.count("\n") == program.read_text().count("\n")


# The script.


def test_the_script_grows_the_compiler_in_small_visible_steps(script: Script) -> None:
    calls = [call for reply in script.replies for call in reply.calls]
    parts = sum(bool(reply.think) + bool(reply.say) + 2 * len(reply.calls) for reply in script.replies)
    assert parts >= 60
    assert 10 <= sum(call.write is not None or call.edit is not None for call in calls) <= 20
    assert sum(call.run_tests is not None for call in calls) >= 10


def test_the_script_says_that_it_is_one_and_waits_for_all_tests(script: Script, task: Task) -> None:
    assert "scripted" in script.about
    waiting = [reply.when.lacks for reply in script.replies if reply.when is not None]
    assert waiting == [f"{len(task.tests)} of {len(task.tests)} tests passed"]


def test_the_script_asks_for_tests_that_exist(script: Script, task: Task) -> None:
    asked = [call.run_tests for reply in script.replies for call in reply.calls if call.run_tests is not None]
    known = {test.id for test in task.tests}
    known |= {prefix for name in known for prefix in (name.rpartition("/")[0], name.partition("/")[0])}
    assert not set(asked) - known - {""}


def test_every_stage_file_is_used_and_small() -> None:
    named = {
        call["write"]["file"]
        for reply in yaml.safe_load(SCRIPT.read_text())["replies"]
        for call in reply.get("calls", [])
        if "file" in call.get("write", {})
    }
    stages = {str(path.relative_to(TASK)) for path in (TASK / "stages").rglob("*.py")}
    assert named == stages
    for name in stages:
        text = (TASK / name).read_text()
        compile(text, name, "exec")
        assert text.count("\n") <= LIMIT_OF_LINES


def test_the_edits_of_the_script_fit_the_files(written: Path) -> None:
    for path in [written / "cc.py", *(written / "minic").glob("*.py")]:
        text = path.read_text()
        compile(text, path.name, "exec")
        assert text.count("\n") <= LIMIT_OF_LINES


# The compilers, without the harness.


@pytest.mark.slow
def test_gcc_passes_every_case(tmp_path: Path) -> None:
    assert problems_of(TASK / "reference_gcc" / "cc", tmp_path / "cases") == {}


@pytest.mark.slow
def test_the_written_compiler_passes_every_case(written: Path, tmp_path: Path) -> None:
    assert problems_of(build(written), tmp_path / "cases") == {}


def test_the_written_compiler_says_what_is_wrong(written: Path, tmp_path: Path) -> None:
    compiler = build(written)
    source = tmp_path / "bad.c"
    source.write_text("int main(void) {\n    return y;\n}\n")
    done = subprocess.run([compiler, "bad.c", "-o", "out"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "bad.c:2: error: y is not declared\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.c", "written"]


# The compilers, graded.


def grade(task: Task, workspace: Path, path: str = "") -> Grade:
    return anyio.run(lambda: Grader(task, backend="bwrap", cache=None).grade_folder(workspace, path))


@pytest.mark.slow
def test_the_reference_compiler_is_graded_with_full_marks(task: Task) -> None:
    result = grade(task, TASK / "reference_gcc")
    assert [case for case in result.cases if case.status != "passed"] == []
    assert (result.passed, result.total, result.status_code) == (len(task.tests), len(task.tests), 200)


@pytest.mark.slow
def test_rejecting_everything_earns_nothing(task: Task) -> None:
    result = grade(task, TASK / "reject_all")
    assert (result.passed, result.failed, result.status_code) == (0, len(task.tests), 200)


@pytest.mark.slow
def test_the_written_compiler_is_graded_with_full_marks(task: Task, written: Path) -> None:
    result = grade(task, written)
    assert [case for case in result.cases if case.status != "passed"] == []
    assert result.passed == len(task.tests)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["kill -SEGV $$", "echo broken >&2; exit 127", "exit 1"])
def test_breaking_down_is_no_rejection(task: Task, tmp_path: Path, ending: str) -> None:
    """gcc for valid programs; for others, an end that is no diagnostic."""
    shutil.copytree(TASK / "reference_gcc", tmp_path / "crash")
    wrapper = tmp_path / "crash" / "cc"
    wrapper.rename(tmp_path / "crash" / "gcc.sh")
    wrapper.write_text(f'#!/bin/sh\n"$(dirname "$0")/gcc.sh" "$@" 2>/dev/null && exit 0\n{ending}\n')
    wrapper.chmod(0o755)
    result = grade(task, tmp_path / "crash", "basics/invalid")
    assert (result.passed, result.total) == (0, 24)


def test_a_workspace_without_a_compiler_fails_to_build(task: Task) -> None:
    result = grade(task, TASK / "files")
    assert (result.passed, result.total) == (0, len(task.tests))
    assert "there is no cc.py yet" in result.build
