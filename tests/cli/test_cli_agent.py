"""`loopwright agent`: what it works on, how it ends, and what it does to somebody's files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.agent_stage import PROFILE, Stage, fingerprint

pytestmark = pytest.mark.slow


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_an_instruction_alone_ends_when_the_agent_yields_and_is_never_solved(stage: Stage) -> None:
    said = stage.agent("-w", stage.own_files(), "--json")
    assert (said.code, said.err) == (0, "")
    facts = said.facts
    assert (facts["reason"], facts["solved"], facts["turns"]) == ("finished", False, 1)
    assert "there are no tests" in facts["detail"]
    assert [(one["path"], one["status"]) for one in facts["changed"]] == [
        ("a.txt", "modified"),
        ("sub/b.txt", "deleted"),
        ("x/y/z.sh", "added"),
    ]
    shown = stage("show", facts["id"])
    assert "finished" in shown.out
    again = stage("resume", facts["id"], "--plain")
    assert (again.code, again.out.count("turn_started")) == (0, 0)
    assert stage("verify", facts["id"]).code == 0


def test_the_folder_is_copied_and_never_touched(stage: Stage) -> None:
    before = fingerprint(stage.own_files())
    facts = stage.agent(
        "-w", stage.files, "--json", replies="  - calls: [{shell: ls -A; cat link}]\n  - say: x\n"
    ).facts
    workspace = Path(facts["record"]) / "workspace"
    assert sorted(path.name for path in workspace.iterdir()) == ["a.txt", "link", "sub"]
    assert fingerprint(stage.files) == before
    assert (facts["changed"], facts["applied"]) == ([], False)


def test_a_file_that_is_too_large_to_be_kept_is_said_not_to_be_in_the_patch(stage: Stage) -> None:
    replies = "  - calls: [{shell: truncate -s 20M core; echo b > b.txt}]\n  - say: x\n"
    facts = stage.agent("-w", stage.own_files(), "--json", replies=replies).facts
    assert [one["path"] for one in facts["changed"]] == ["b.txt"]
    assert facts["left_out"] == [f"core ({20 << 20} bytes) was not kept in the checkpoint: it is too large to keep"]


def test_what_earlier_runs_left_is_not_shown_to_the_next(stage: Stage) -> None:
    kept = stage.own_files() / "kept"
    kept.mkdir()
    (kept / "solution.txt").write_text("the answer")
    more = f"logging: {{enabled: true, root_dir: {kept}}}\n"
    facts = stage.agent("-w", stage.files, "--json", more=more, replies="  - say: x\n").facts
    workspace = Path(facts["record"]) / "workspace"
    assert sorted(path.name for path in workspace.iterdir()) == ["a.txt", "link", "sub"]
    assert len(list(kept.iterdir())) == 2  # what was there, and this run's folder


def test_a_home_inside_of_the_folder_is_not_copied_into_itself(stage: Stage) -> None:
    home = stage.own_files() / ".loopwright"
    words: list[str | Path] = [
        "agent",
        stage.profile(),
        "--task",
        stage.task(),
        "--model",
        stage.script(),
        "-w",
        stage.files,
        "--json",
    ]
    for _ in range(2):
        facts = stage(*words, env={"LOOPWRIGHT_HOME": str(home)}).facts
        assert not (Path(facts["record"]) / "workspace" / ".loopwright").exists()


def test_apply_brings_every_change_and_nothing_else(stage: Stage) -> None:
    before = fingerprint(stage.own_files())
    said = stage.agent("-w", stage.files, "--apply", "--plain")
    assert said.code == 0, said.err
    assert f"applied to {stage.files}" in said.out
    after = fingerprint(stage.files)
    assert after.pop("a.txt") == (before.pop("a.txt")[0], "ONE\n")
    assert after.pop("x/y/z.sh")[1] == "new\n"
    assert (stage.files / "x/y/z.sh").stat().st_mode & 0o111 == 0o111
    assert after.keys() - before.keys() == {"x", "x/y"}
    assert before.keys() - after.keys() == {"sub", "sub/b.txt"}
    assert {name: after[name] for name in after.keys() & before.keys()} == {
        name: before[name] for name in after.keys() & before.keys()
    }


def test_the_patch_does_the_same_by_hand(stage: Stage) -> None:
    facts = stage.agent("-w", stage.own_files(), "--json").facts
    subprocess.run(["git", "apply", facts["patch"]], cwd=stage.files, check=True, env={"GIT_DIR": "/nowhere"})
    assert (stage.files / "a.txt").read_text() == "ONE\n"
    assert not (stage.files / "sub" / "b.txt").exists()


@pytest.mark.parametrize("change", ["edited", "deleted", "in the way", "executable", "link"])
def test_apply_is_refused_where_the_folder_is_no_longer_as_it_was(stage: Stage, change: str) -> None:
    stage.own_files()
    names = {"edited": "sub/b.txt", "deleted": "a.txt", "in the way": "x/y/z.sh", "executable": "a.txt", "link": "link"}
    facts = stage.agent("-w", stage.files, "--json").facts
    target = stage.files / names[change]
    match change:
        case "edited":
            target.write_text("mine\n")
        case "deleted":
            target.unlink()
        case "in the way":
            target.parent.mkdir(parents=True)
            target.write_text("mine\n")
        case "executable":
            target.chmod(0o700)
        case _:
            target.unlink()
            target.symlink_to("elsewhere")
    before = fingerprint(stage.files)
    code = (
        "import sys; from pathlib import Path; from loopwright.record import RunDir, read_tail\n"
        "from loopwright.cli._result import apply_result, write_result\n"
        "rundir = RunDir(Path(sys.argv[1]), sys.argv[2])\n"
        "apply_result(rundir, write_result(rundir), read_tail(rundir.journal, 1)[-1][1])\n"
    )
    words: list[str | Path] = [sys.executable, "-c", code, str(stage.folder / "home"), facts["id"]]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "these files have changed: " + names[change] in last, done.stderr
    assert f"git -C {stage.files} apply" in last
    assert fingerprint(stage.files) == before


def test_what_is_not_done_is_not_applied(stage: Stage) -> None:
    before = fingerprint(stage.own_files())
    said = stage.agent("-w", stage.files, "--apply", "-m", "1", "--json")
    assert said.code == 1
    assert "the run ended with turn_limit" in said.err
    facts = said.facts
    assert (facts["reason"], facts["detail"], facts["turns"]) == ("turn_limit", "-m: 1 replies", 1)
    assert (facts["applied"], len(facts["changed"])) == (False, 3)
    assert fingerprint(stage.files) == before


def test_limits_of_the_profile_hold_for_the_run(stage: Stage) -> None:
    facts = stage.agent("-m", "3", "--json", more="loop: {limits: {turns: 1, seconds: 50}}\n").facts
    assert (facts["reason"], facts["detail"]) == ("turn_limit", "loop.limits.turns: 1 replies")
    begun = json.loads((Path(facts["record"]) / "journal.jsonl").read_text().splitlines()[0].split("\t")[-1])
    event = begun if "limits" in begun else begun["event"]
    assert event["limits"]["max_seconds"] == 50


def test_another_profile_cannot_take_up_a_run(stage: Stage) -> None:
    facts = stage.agent("-m", "1", "--json").facts
    stage.profile("loop: {stuck: {nudge: false}}\n")
    said = stage("resume", facts["id"])
    assert said.code == 2
    assert "profile has changed" in said.err


def test_a_fallback_model_answers_where_the_model_cannot(stage: Stage) -> None:
    stage.script("  - say: Saved.\n", "other")
    more = (
        'providers: {default_model: "scripted:main", models: [{id: "scripted:main", adapter: openai_chat, '
        "routing: {fallback_models: ['scripted:other.yaml']}}, {id: '*', adapter: openai_chat}]}\n"
    )
    profile = stage.folder / "profile.yaml"
    profile.write_text("version: 2\n" + more + "prompts: {tool_prompt_mode: none}\n")
    failing = "  - {say: never, fault: {status: 404, times: 9}}\n"
    words: list[str | Path] = ["agent", profile, "--task", stage.task(), "--model", stage.script(failing), "--json"]
    facts = stage(*words).facts
    assert facts["reason"] == "finished"
    logs = stage("logs", facts["id"]).out
    assert "model=other" in logs
    assert "model_switched" in logs


def test_the_sandbox_of_the_profile_is_used_unless_another_is_named(stage: Stage) -> None:
    host = "workspace: {sandbox: {driver: host}}\n"
    talk = "  - say: Hello.\n"
    by_profile = _sandbox(stage.agent("--json", more=host, replies=talk).facts["record"])
    by_flag = _sandbox(stage.agent("--json", "--sandbox", "bwrap", more=host, replies=talk).facts["record"])
    assert (by_profile, by_flag) == ("host", "bwrap")


def _sandbox(record: str) -> str:
    trace = json.loads((Path(record) / "agent_trace.json").read_text())
    return str(trace["sandbox"])


def test_a_person_says_what_comes_next(stage: Stage) -> None:
    said = stage.agent("-w", stage.own_files(), "-i", "--apply", stdin="\nNow c.txt, please.\n")
    assert said.code == 0, said.err
    assert said.out.count("next instruction") == 3
    assert "I changed a.txt." in said.out
    assert (stage.files / "c.txt").read_text() == "c\n"
    conversation = next(Path(stage.folder / "home" / "trajectories").glob("*/logs/conversation/conversation.md"))
    assert "Now c.txt, please." in conversation.read_text()


def test_a_task_with_tests_may_be_named_by_its_instruction(stage: Stage, tiny_task: Path, tiny_script: Path) -> None:
    words: list[str | Path] = ["--task", tiny_task / "instruction.md", "--model", f"scripted:{tiny_script}", "--json"]
    facts = stage("agent", stage.profile(), *words).facts
    assert (facts["reason"], facts["solved"]) == ("solved", True)
    ended = stage("agent", stage.profile(), *words, "-m", "2", "-i")
    assert (ended.code, ended.facts["reason"]) == (1, "turn_limit")


def test_a_person_who_says_nothing_more_ends_a_task_that_is_not_solved(stage: Stage, tiny_task: Path) -> None:
    words: list[str | Path] = ["--task", tiny_task, "--model", stage.script("  - say: Hello.\n"), "--json", "-i"]
    said = stage("agent", stage.profile(), *words)
    assert (said.code, said.facts["reason"], said.facts["detail"]) == (1, "stopped", "end of input")


def test_workspace_root_is_what_an_instruction_begins_with(stage: Stage) -> None:
    stage.own_files()
    facts = stage.agent("--json", more="workspace: {root: mine}\n").facts
    assert len(facts["changed"]) == 3
    assert facts["workspace"] == str(stage.files)


def test_what_has_no_effect_is_said_before_the_run(stage: Stage) -> None:
    said = stage.agent("--json", more="workspace: {mirror: {mode: testing}}\n", replies="  - say: Done.\n")
    assert said.facts["reason"] == "finished"
    assert "workspace.mirror.mode: has no effect: `workspace.mirror` is not enabled" in said.err


def test_a_mirror_among_the_files_that_are_copied_is_refused(stage: Stage) -> None:
    """Each run would copy the copy of the one before, into itself."""
    stage.own_files()
    said = stage.agent("-w", stage.files, more="workspace: {mirror: {enabled: true, path: mine/seen}}\n")
    assert (said.code, "lies in the workspace" in said.err) == (2, True)
    assert not (stage.files / "seen").exists()


def test_main_is_the_same_command(stage: Stage) -> None:
    main = Path(__file__).parents[2] / "main.py"
    words: list[str | Path] = [sys.executable, main, "--schema-v2", stage.profile(), "--task", stage.task(), "-m", "4"]
    words += ["--model", stage.script(), "-w", stage.own_files(), "--json"]
    done = subprocess.run(list(map(str, words)), cwd=stage.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (0, "finished"), done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--task", "nowhere.md"], 2, "nowhere.md"),
        (["--task", "empty.md"], 2, "empty"),
        (["--task", "binary.md"], 2, "UTF-8"),
        (["--task", "task/environment.py"], 2, "is not the instruction there"),
        (["--task", "good.md", "-w", "nowhere"], 2, "no such folder"),
        (["--task", "good.md", "--apply"], 2, "--workspace DIR"),
        (["--task", "good.md", "-m", "0"], 2, "-m"),
        (["--task", "good.md", "--sandbox", "bwarp"], 2, "Did you mean `bwrap`?"),
        (["--task", "good.md", "--model", "scripted:none.yaml"], 2, "none.yaml"),
        (["--task", "good.md"], 3, "OPENAI_API_KEY"),
        ([], 2, "--task"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(stage: Stage, words: list[str], code: int, told: str) -> None:
    (stage.folder / "empty.md").write_text(" \n")
    (stage.folder / "binary.md").write_bytes(b"\xff\xfe")
    (stage.folder / "good.md").write_text("Do it.\n")
    (stage.folder / "task").mkdir()
    (stage.folder / "task" / "task.toml").write_text('[task]\nname = "t"\n')
    (stage.folder / "task" / "environment.py").write_text("")
    model = [] if code == 3 or "--model" in words else ["--model", stage.script()]
    said = stage("agent", stage.profile(), *words, *model)
    assert (said.code, "Traceback" in said.err) == (code, False), said.err
    assert told in said.err
    assert not (stage.folder / "home" / "trajectories").exists()


def test_a_template_of_a_later_mode_that_is_wrong_is_told_before_anything_starts(stage: Stage) -> None:
    (stage.folder / "plan.md").write_text("{% for %}")
    more = (
        "modes: [{name: build, exit: {when: ['replies > 0']}}, {name: plan, tools_enabled: [read_file]}]\n"
        "loop: {sequence: [{mode: build}, {mode: plan}]}\n"
        "provider_tools: {use_native: false}\ntools: {dialects: {preference: {default: [xml]}}}\n"
    )
    profile = stage.profile(more)
    synthesis = "prompts: {tool_prompt_synthesis: {dialects: {xml: {system_plan: plan.md}}}}"
    profile.write_text(profile.read_text().replace("prompts: {tool_prompt_mode: none}", synthesis))
    said = stage("agent", profile, "--task", stage.task(), "--model", stage.script())
    assert (said.code, "plan.md is wrong" in said.err) == (2, True), said.err
    assert not (stage.folder / "home" / "trajectories").exists()


def test_a_profile_that_is_wrong_is_told_with_its_place(stage: Stage) -> None:
    (stage.folder / "profile.yaml").write_text(PROFILE + "worksapce: {}\n")
    said = stage("agent", stage.folder / "profile.yaml", "--task", stage.task(), "--model", stage.script())
    assert said.code == 2
    assert "profile.yaml:4" in said.err
    assert "workspace" in said.err


def test_a_run_of_a_profile_keeps_its_conversation_to_the_end(stage: Stage, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    profile = stage.profile(f"logging: {{enabled: true, root_dir: {kept}}}\n")
    task = tmp_path / "task"
    task.mkdir()
    (task / "task.toml").write_text('[task]\nname = "small"\n')
    (task / "instruction.md").write_text("Say something.\n")
    (task / "environment.py").write_text(
        "from loopwright.harness.environment import suite\n\n"
        'words = suite("words")\n\n\n@words.test("fine")\ndef fine() -> None:\n    assert True\n'
    )
    model = stage.script("  - say: I say it.\n")
    assert stage("run", "--agent", f"native:{profile}", "--task", task, "--model", model, "--plain").code == 0
    (conversation,) = kept.glob("*/conversation/conversation.md")
    text = conversation.read_text()
    assert text.index("I say it.") < text.index("1 of 1 passed") < text.index("## The end: solved")
