"""A run of Codex that was recorded is a model: it gives the same parts again, and says where it was left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.agents.programs_fixture import ensure_agents
from tests.conformance.normal import lines
from tests.conformance.tale import Tale
from tests.conftest import Loopwright, caller, write_tiny_task

pytestmark = pytest.mark.slow

_SCRIPT = """\
version: 1
name: first
replies:
  - {think: First I look., calls: [{shell: cat words.txt}, {shell: echo steady}]}
  - calls: [{write: {path: greet.sh, text: "echo hi $1\\n"}}]
  - calls: [{run_tests: ""}]
  - say: I change it.
    calls: [{shell: "sed -i s/hi/hello/ greet.sh"}]
  - calls: [{run_tests: words}]
  - say: Done.
"""


def _run(call: Loopwright, task: Path, model: str, name: str) -> Tale:
    said = call("run", "--task", task, "--agent", "codex", "--model", model, "--trajectory-id", name)
    assert said.code == 0, said.out + said.err
    return Tale(task.parent, name)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tale]:
    """The first run, the same again, and again with one file of the task changed."""
    ensure_agents("codex")
    folder = tmp_path_factory.mktemp("recorded")
    call, task = caller(folder), write_tiny_task(folder / "greet")
    (task / "files" / "words.txt").write_text("hello\n")
    (folder / "script.yaml").write_text(_SCRIPT)
    other = shutil.copytree(task, folder / "other")
    (other / "files" / "words.txt").write_text("good day\n")
    found = {"first": _run(call, task, f"scripted:{folder / 'script.yaml'}", "first")}
    (folder / "script.yaml").unlink()
    found["again"] = _run(call, task, "recorded:first", "again")
    found["changed"] = _run(call, other, "recorded:first", "changed")
    return found


def _left(tale: Tale) -> list[str]:
    return [notice.message for notice in tale.trace.notices if "differs" in notice.message]


def test_the_same_parts_come_again(told: dict[str, Tale]) -> None:
    assert len(lines(told["first"])) > 15
    assert lines(told["again"]) == lines(told["first"])
    assert _left(told["again"]) == []
    assert {call.backend for call in told["again"].trace.model_calls} == {"recorded"}


def test_files_and_grades_are_the_same(told: dict[str, Tale]) -> None:
    first, again = told["first"].trace, told["again"].trace
    assert [(grade.path, grade.passed, grade.tree) for grade in again.grades] == [
        (grade.path, grade.passed, grade.tree) for grade in first.grades
    ]


def test_a_changed_file_of_the_task_is_named_by_the_request_that_saw_it(told: dict[str, Tale]) -> None:
    (left,) = _left(told["changed"])
    assert left.startswith("request 2 of this run differs from request 2 of first at ")
    assert "good day" in left
    assert lines(told["changed"])[:1] == lines(told["first"])[:1]
