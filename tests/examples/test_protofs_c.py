"""The file-system task: its tests can be passed and failed, and every shipped profile does it in its own syntax."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
import yaml

from loopwright.harness import Grade, Grader, Task, load_task
from loopwright.record import Event, ModelCalled, PartAdded, TestsGraded, read_events

ROOT = Path(__file__).parents[2]
TASK = ROOT / "examples" / "protofs_c"
PROFILES = ROOT / "agent_configs"
C_FS = "opencode_gpt5_nano_c_fs_v2"

_WRITER = runpy.run_path(str(ROOT / "examples" / "in_dialects.py"))
in_dialects, text_of = _WRITER["in_dialects"], _WRITER["text_of"]


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task(TASK / "task.md")


def _grade(task: Task, workspace: Path, path: str = "") -> Grade:
    grader = Grader(task, backend="bwrap", cache=None)
    return anyio.run(lambda: grader.grade_folder(workspace, path, include_hidden=True))


def test_the_task_is_what_it_says(task: Task) -> None:
    assert (task.visible, task.hidden) == (("files", "folders"), ("limits", "library"))
    assert 20 <= len(task.tests) <= 40
    assert task.instruction.startswith("# Write a file system")
    assert not (task.files / "protofs.c").exists()
    header = (task.files / "protofs.h").read_text()
    assert (TASK / "reference" / "protofs.h").read_text() == header


def test_the_reference_passes_every_test(task: Task) -> None:
    result = _grade(task, TASK / "reference")
    assert [case.id for case in result.cases if case.status != "passed"] == []
    assert result.passed == len(task.tests)


MISTAKES = {
    "unsorted": ("qsort(found, (size_t)count, sizeof found[0], by_name)", "(void)by_name", "list_is_sorted"),
    "name": ("length > PFS_NAME_MAX", "length > PFS_NAME_MAX + 1", "limits/longest_name"),
    "gap": ("memset(grown + n->size, 0,", "memset(grown + n->size, 'x',", "library/bytes"),
    "size": ("size > PFS_FILE_MAX || offset > PFS_FILE_MAX - size", "offset + size > PFS_FILE_MAX", "no_bytes"),
    "full": ("return PFS_FULL;\n}\n\nint pfs_mkdir", "return PFS_EXISTS;\n}\n\nint pfs_mkdir", "limits/most_nodes"),
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(task: Task, tmp_path: Path, mistake: str) -> None:
    shutil.copytree(TASK / "reference", tmp_path / "wrong")
    file = tmp_path / "wrong" / "protofs.c"
    right, wrong, test = MISTAKES[mistake]
    assert right in file.read_text()
    file.write_text(file.read_text().replace(right, wrong))
    failed = [case.id for case in _grade(task, tmp_path / "wrong").cases if case.status != "passed"]
    assert any(test in case for case in failed)
    assert len(failed) < len(task.tests) / 2


# The agents.


class Ran(NamedTuple):
    facts: dict[str, Any]
    folder: Path

    @property
    def events(self) -> list[Event]:
        return [event for _, event in read_events(Path(self.facts["record"]) / "journal.jsonl")]

    @property
    def replies(self) -> int:
        return sum(isinstance(event, ModelCalled) for event in self.events)

    def statuses(self) -> set[str]:
        """How the agent's calls came out."""
        results = [event for event in self.events if isinstance(event, PartAdded) and event.part_type == "tool_result"]
        return {result.tool.status for result in results if result.tool is not None}


def _run(folder: Path, profile: str, script: Path) -> Ran:
    """`loopwright agent` with a copy of the shipped profiles, so that run folders are made beside it."""
    shutil.copytree(PROFILES, folder / "agent_configs", dirs_exist_ok=True)
    most = "8" if profile == C_FS else "12"
    words = ["agent", folder / "agent_configs" / f"{profile}.yaml", "--task", TASK / "task.md", "-m", most]
    words += ["--model", f"scripted:{script}", "--json"]
    quiet = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    done = subprocess.run(
        [sys.executable, "-m", "loopwright", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**quiet, "LOOPWRIGHT_HOME": str(folder / "home")},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return Ran(json.loads(done.stdout), folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _run(tmp_path_factory.mktemp("c_fs"), C_FS, TASK / "scripted.yaml")


def _sections(ran: Ran) -> Iterator[tuple[str, str]]:
    """The sections of `conversation.md`: title and body."""
    text = (Path(ran.facts["run_folder"]) / "conversation" / "conversation.md").read_text()
    found = re.split(r"^\*\*(.+?)\*\*.*$", text, flags=re.MULTILINE)[1:]
    return zip(found[::2], found[1::2], strict=True)


def test_the_shipped_script_is_the_one_that_is_written_from_the_replies() -> None:
    written = in_dialects(PROFILES / f"{C_FS}.yaml", TASK / "replies.yaml", TASK / "scripted.yaml")
    assert yaml.safe_load((TASK / "scripted.yaml").read_text()) == written
    assert len(written["replies"]) <= 8
    said = "\n".join(reply["say"] for reply in written["replies"])
    assert "```diff" in said
    assert "<TOOL_CALL>" in said
    assert not any("calls" in reply for reply in written["replies"])


def test_the_hidden_tests_are_solved_in_eight_replies(ran: Ran) -> None:
    assert (ran.facts["reason"], ran.facts["turns"]) == ("solved", 1)
    assert [one["path"] for one in ran.facts["changed"]] == ["main.c", "protofs.c"]
    final = [event for event in ran.events if isinstance(event, TestsGraded) and event.cause == "final"]
    assert [(grade.passed, grade.total) for grade in final] == [(40, 40)]
    assert ran.replies <= 8
    assert ran.statuses() == {"completed"}


def test_the_run_folder_is_where_seed_003_looks_for_it(ran: Ran) -> None:
    found = list((ran.folder / "logging").glob("*_agent_ws_*/conversation/conversation.md"))
    assert [file.parents[1] for file in found] == [Path(ran.facts["run_folder"])]
    text = found[0].read_text()
    assert "**Tests** (part 27, at the run's end)\n\n40 of 40 passed" in text
    assert "## The end: solved" in text


def test_guidance_on_diffs_is_in_the_system_prompt_only(ran: Ran) -> None:
    for title, body in _sections(ran):
        guidance = "Change files by a unified diff" in body
        assert guidance == (title == "System"), title
    requests = sorted((Path(ran.facts["run_folder"]) / "raw" / "requests").glob("*.json"))
    assert len(requests) == ran.replies
    for file in requests:
        system, *messages = json.loads(file.read_text())["messages"]
        assert "Change files by a unified diff" in json.dumps(system)
        assert "Change files by a unified diff" not in json.dumps(messages)


def test_each_prompt_carries_the_short_list_of_tools(ran: Ran) -> None:
    lists = [body for title, body in _sections(ran) if title.startswith("Tools Available Prompt")]
    assert len(lists) == ran.facts["turns"]
    for tool in ("read_file(path: string", "write_file(path: string, content: string)", "finish(summary: string)"):
        assert tool in lists[0]
    assert "examples" not in lists[0]
    assert len(lists[0]) < 2000
    request = json.loads(next((Path(ran.facts["run_folder"]) / "raw" / "requests").glob("*.json")).read_text())
    assert "`read_file(path: string" in request["messages"][-1]["content"]
    assert "tools" not in request


def test_results_are_grouped_by_reply_and_every_link_leads_somewhere(ran: Ran) -> None:
    folder = Path(ran.facts["run_folder"])
    groups = [body for title, body in _sections(ran) if title == "Tool Results (Text-Based Execution)"]
    assert [len(re.findall(r"^- part ", body, re.MULTILINE)) for body in groups] == [3, 1, 2, 1, 1, 1, 1]
    text = (folder / "conversation" / "conversation.md").read_text()
    links = re.findall(r"\]\((\.\./[^)]+)\)", text)
    assert len(links) >= 10
    for link in links:
        assert (folder / "conversation" / link).resolve().is_file(), link
    results = (folder / "artifacts" / "tool_results").iterdir()
    assert any("23 of 25 tests passed." in file.read_text() for file in results)


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(path.stem for path in PROFILES.glob("*.yaml") if path.stem != C_FS))
def test_every_profile_does_it_in_its_own_syntax(tmp_path: Path, profile: str) -> None:
    script = in_dialects(PROFILES / f"{profile}.yaml", TASK / "replies.yaml", tmp_path / "script.yaml")
    said = [reply.get("say", "").splitlines()[-1] for reply in script["replies"] if "id" not in reply]
    assert said == (["INVESTIGATED", "PLANNED"] if profile == "cline_deep_plan_v2" else [])
    (tmp_path / "script.yaml").write_text(text_of(script, profile))
    ran = _run(tmp_path, profile, tmp_path / "script.yaml")
    assert ran.facts["reason"] == "solved"
    assert ran.replies == len(script["replies"])
    assert ran.statuses() == {"completed"}
    assert (Path(ran.facts["run_folder"]) / "conversation" / "conversation.md").is_file()
