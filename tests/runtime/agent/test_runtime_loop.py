"""The loop with a scripted model, a real gateway and a real sandbox: what runs, what is refused, what ends a turn."""

from __future__ import annotations

import json
from typing import Any

import pytest

TEXT = """
provider_tools: {use_native: false}
tools: {dialects: {preference: {by_tool_kind: {bash: [bash_block], diff: [aider_diff]}}}}
"""
DONE = "- say: Done.\n"

pytestmark = pytest.mark.slow


def test_a_small_turn(lab: Any) -> None:
    ran = lab.run(
        """\
        - think: hm
          say: Writing.
          calls: [{write: {path: a.txt, text: "one\\n"}}]
        - calls: [{shell: cat a.txt}, {run_tests: ""}]
        - say: Done.
        """
    )
    kinds = [(item.part_type, item.reply) for item in ran.items]
    assert kinds == [
        ("reasoning", 1), ("text", 1), ("tool_call", 1), ("tool_result", 1), ("tool_call", 2), ("tool_call", 2),
        ("tool_result", 2), ("tool_result", 2), ("text", 3),
    ]  # fmt: skip
    assert ran.results() == [("write_file", "completed"), ("run_shell", "completed"), ("run_tests", "completed")]
    assert ran.result(1) == "one"
    assert (ran.outcome.outcome, ran.items[7].grade_ids) == ("finished", ("g1",))
    assert (lab.workspace / "a.txt").read_text() == "one\n"


def test_a_mode_gates_native_and_text_calls_where_they_run(lab: Any) -> None:
    modes = """
modes: [{name: plan, tools_enabled: [read_file, list_dir]}, {name: build}]
loop: {sequence: [{mode: plan}, {mode: build}]}
"""
    call = "- calls: [{call: {name: run_shell, arguments: {command: touch bad}, force: true}}]\n"
    native = lab.run(call + DONE + DONE, modes)
    assert native.results()[0] == ("run_shell", "denied")
    assert "not allowed in the mode `plan`. Allowed here: list_dir, read_file." in native.result(0)
    text = lab.run("- say: |\n    <BASH>\n    touch bad\n    </BASH>\n" + DONE + DONE, modes + TEXT)
    assert text.results()[0] == ("run_shell", "denied")
    edit = "- say: |\n    bad\n    ```\n    <<<<<<< SEARCH\n    =======\n    x\n    >>>>>>> REPLACE\n    ```\n"
    assert lab.run(edit + DONE + DONE, modes + TEXT).results()[0][1] == "denied"
    assert not (lab.workspace / "bad").exists()


def test_the_end_of_a_mode_is_said_to_the_model_and_the_next_one_begins(lab: Any) -> None:
    ran = lab.run(
        "- say: The plan is ready.\n- calls: [{shell: touch made}]\n- say: Done.\n",
        """
        modes: [{name: plan, tools_enabled: []}, {name: build}]
        loop: {sequence: [{mode: plan}, {mode: build}]}
        """,
    )
    assert ran.said("mode") == ["The mode is now `build`."]
    assert (lab.workspace / "made").exists()
    assert "tools" not in ran.requests[0]
    assert "tools" in ran.requests[1]


def test_text_calls_run_in_text_order_and_prose_never_runs(lab: Any) -> None:
    ran = lab.run(
        """\
        - say: |
            I will not run `<BASH>touch bad</BASH>`, nor this:
            ```
            run_shell(command="touch bad")
            ```
            <BASH>
            echo one > first
            </BASH>
            first
            ```
            <<<<<<< SEARCH
            one
            =======
            two
            >>>>>>> REPLACE
            ```
            <BASH>
            cat first
            </BASH>
        - say: Done.
        """,
        TEXT,
    )
    assert [status for _, status in ran.results()] == ["completed"] * 3
    assert ran.result() == "two"
    called = [item.summary for item in ran.items if item.part_type == "tool_call"]
    assert called == ["run_shell echo one > first", "apply_patch first", "run_shell cat first"]
    assert not (lab.workspace / "bad").exists()
    assert ran.requests[1]["messages"][-1]["role"] == "user"
    assert "Result of call 3" in ran.requests[1]["messages"][-1]["content"]


def test_a_broken_block_is_told_with_its_place_and_the_rest_still_runs(lab: Any) -> None:
    ran = lab.run("- say: |\n    <BASH>\n    echo hi\n    </BASH>\n    <BASH>\n    echo lost\n" + DONE, TEXT)
    assert ran.results() == [("run_shell", "completed"), ("bash block", "failed")]
    assert "line 4" in ran.result()
    note = [item.raw for item in ran.items if item.part_type == "tool_result"][1]
    assert note["rule"] == "malformed.bash_block"


def test_a_failed_edit_is_never_a_success(lab: Any) -> None:
    (lab.workspace / "a.py").write_text("x = 1\ny = 2\n")
    ran = lab.run(
        "- calls: [{edit: {path: a.py, old: 'z = 3', new: 'z = 4'}}]\n"
        "- calls: [{edit: {path: none.py, old: 'z', new: 'y'}}]\n" + DONE
    )
    assert [status for _, status in ran.results()] == ["failed", "failed"]
    assert "no file was changed" in ran.result(0)
    assert (lab.workspace / "a.py").read_text() == "x = 1\ny = 2\n"
    assert not (lab.workspace / "none.py").exists()


def test_forty_calls_are_answered_in_order(lab: Any) -> None:
    calls = ", ".join(f"{{write: {{path: 'f{n}', text: '{n}'}}}}" for n in range(40))
    ran = lab.run(f"- calls: [{calls}]\n" + DONE, "concurrency: {max_parallel: 16}")
    assert [item.call_id for item in ran.items[:40]] == [item.call_id for item in ran.items[40:80]]
    assert sorted(path.name for path in lab.workspace.iterdir()) == sorted(f"f{n}" for n in range(40))
    waited = [item.raw.get("waited") for item in ran.items[40:80] if item.raw.get("waited")]
    assert waited == ["for the checkpoint"] * 39


@pytest.mark.parametrize(
    ("profile", "calls", "rule"),
    [
        ("enhanced_tools: {validation: {rules: [one_bash_per_turn]}}", "{shell: 'true'}, {shell: touch bad}",
         "validation.one_bash_per_turn"),
        ("enhanced_tools: {permissions: {shell: {denylist: [touch]}}}", "{shell: 'cd . && touch bad'}",
         "permissions.shell.denylist"),
        ("enhanced_tools: {permissions: {file_write: {denylist: [bad]}}}", "{write: {path: bad, text: x}}",
         "permissions.file_write.denylist"),
        ("concurrency: {at_most_one_of: [run_shell, write_file]}", "{shell: 'true'}, {write: {path: bad, text: x}}",
         "at_most_one_of"),
        ("loop: {turn_strategy: {allow_multiple_per_turn: false}}", "{shell: 'true'}, {shell: touch bad}",
         "loop.turn_strategy.allow_multiple_per_turn"),
    ],
)  # fmt: skip
def test_a_denial_names_its_rule_and_nothing_runs(lab: Any, profile: str, calls: str, rule: str) -> None:
    ran = lab.run(f"- calls: [{calls}]\n" + DONE, profile)
    assert ran.results()[-1][1] == "denied"
    assert [item.raw for item in ran.items if item.part_type == "tool_result"][-1]["rule"] == rule
    assert not (lab.workspace / "bad").exists()


def test_a_warning_runs_and_is_read(lab: Any) -> None:
    ran = lab.run(
        "- calls: [{shell: 'echo one'}, {shell: 'echo two'}]\n" + DONE,
        """
        enhanced_tools:
          validation: {rules: [one_bash_per_turn], rule_config: {one_bash_per_turn: {severity: warn}}}
        """,
    )
    assert ran.result().startswith("warning (validation.one_bash_per_turn)")
    assert ran.result().endswith("two")


def test_going_in_circles_gets_one_word_and_then_the_end(lab: Any) -> None:
    ran = lab.run("- calls: [{shell: 'echo same'}]\n" * 9)
    assert len(ran.results()) == 6
    assert len(ran.said("nudge")) == 1
    assert (ran.outcome.outcome, ran.outcome.detail) == (
        "error",
        "stuck: repeated_call: the same call with the same result, 3 times, also after it was told",
    )


def test_a_reply_without_a_call_is_asked_about_until_it_counts(lab: Any) -> None:
    ran = lab.run(
        "- say: Thinking.\n- calls: [{call: {name: finish, arguments: {summary: all done}}}]\n",
        "completion: {natural_finish: {no_tool_turns_threshold: 2}}",
    )
    assert len(ran.said("nudge")) == 1
    assert ran.outcome.outcome == "finished"
    assert "it said that it is done: 'all done'" in ran.outcome.detail


def test_a_limit_of_the_profile_ends_the_turn_with_its_name(lab: Any) -> None:
    ran = lab.run("- calls: [{shell: 'true'}]\n- calls: [{shell: 'echo'}]\n" + DONE, "loop: {limits: {turns: 1}}")
    assert (ran.outcome.outcome, ran.outcome.detail) == ("limit", "loop.limits.turns: 1 replies")


def test_conditions_see_tests(lab: Any) -> None:
    modes = """
    modes: [{name: work, exit: {when: ["tests_passed == tests_total"]}}, {name: done, tools_enabled: [finish]}]
    loop: {sequence: [{mode: work}, {mode: done}]}
    """
    replies = "- calls: [{run_tests: ''}]\n" + DONE + DONE
    lab.passed = (1, 2)
    assert not [word for word in lab.run(replies, modes).said("mode") if "exit" in word]
    lab.passed = (2, 2)
    ran = lab.run(replies, modes)
    assert ran.said("mode") == ["The mode is now `done`."]
    why = next(item.raw["why"] for item in ran.items if item.item_type == "mode")
    assert why.startswith("work is over (exit.when")


def test_steering_reaches_the_model_before_its_next_reply(lab: Any) -> None:
    lab.steer_after = (2, "Use tabs.")
    ran = lab.run("- calls: [{shell: 'true'}]\n" + DONE)
    assert ran.said("steer") == ["Use tabs."]
    assert ran.requests[1]["messages"][-1] == {"role": "user", "content": "Use tabs."}


def test_steering_at_the_very_end_keeps_the_turn_open(lab: Any) -> None:
    lab.steer_after = (1, "One more thing.")
    ran = lab.run("- say: Done.\n- calls: [{shell: touch more}]\n- say: Now done.\n")
    assert (lab.workspace / "more").exists()
    assert ran.outcome.outcome == "finished"


def test_a_renamed_tool_with_renamed_arguments_runs(lab: Any) -> None:
    overlay = """
    tools:
      overlays: [{id: ux, rename: {run_shell: terminal}, arguments: {run_shell: {cmd: command}}}]
      aliases: {sh: run_shell}
    """
    ran = lab.run(
        "- calls: [{call: {name: terminal, arguments: {cmd: 'echo hi'}}}]\n"
        "- calls: [{call: {name: sh, arguments: {cmd: 'echo ho'}, force: true}}]\n" + DONE,
        overlay,
    )
    assert [ran.result(0), ran.result(1)] == ["hi", "ho"]
    names = [tool["function"]["name"] for tool in ran.requests[0]["tools"]]
    assert "terminal" in names
    assert "sh" not in names


@pytest.mark.parametrize(
    ("relay", "roles"),
    [("tool_role", ["user", "assistant", "tool"]), ("user_message", ["user", "assistant", "user"])],
)
def test_who_speaks_the_results_of_native_calls(lab: Any, relay: str, roles: list[str]) -> None:
    ran = lab.run("- calls: [{shell: 'echo hi'}]\n" + DONE, f"loop: {{turn_strategy: {{relay: {relay}}}}}")
    assert [message["role"] for message in ran.requests[1]["messages"]] == roles


@pytest.mark.parametrize(("how", "text"), [("full", "one\ntwo"), ("none", "(completed)")])
def test_how_much_of_a_result_is_read(lab: Any, how: str, text: str) -> None:
    ran = lab.run(
        "- calls: [{shell: 'echo one; echo two'}]\n" + DONE,
        f"loop: {{turn_strategy: {{tool_result_injection: {how}}}}}",
    )
    assert ran.requests[1]["messages"][-1]["content"] == text


@pytest.mark.parametrize("adapter", ["openai_chat", "openai_responses", "anthropic_messages"])
def test_the_same_turn_over_each_api(lab: Any, adapter: str) -> None:
    ran = lab.run(
        "- think: hm\n  calls: [{shell: 'echo hi'}, {write: {path: a, text: b}}]\n- say: Done.\n",
        f"providers: {{default_model: m, models: [{{id: m, adapter: {adapter}}}]}}",
    )
    assert ran.results() == [("run_shell", "completed"), ("write_file", "completed")]
    assert [item.part_type for item in ran.items].count("reasoning") == 1
    assert json.dumps(ran.requests[1]).count(str(ran.items[1].call_id)) == 2
