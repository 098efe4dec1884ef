"""The rules on the order of calls, one predicate at a time."""

from __future__ import annotations

import pytest

from loopwright.runtime.rules import ALLOWED, RULES, History, Intent, judge_sequence

FILES = {"a.c", "b.c"}
READ = Intent("read_file", "read", reads=("a.c",))
EDIT = Intent("edit_file", "edit", needs=("a.c",), changes=("a.c",))
CREATE = Intent("write_file", "write", creates=("new.c",), changes=("new.c",))
SHELL = Intent("run_shell", "shell")
FINISH = Intent("finish", "finish")


def refused(rule: str, intent: Intent, *before: Intent, seen: tuple[str, ...] = ()) -> bool:
    history = History(frozenset(seen))
    for earlier in before:
        history = history.with_call(earlier)
    verdict = judge_sequence(intent, history, FILES.__contains__, {rule: "deny"})[-1]
    assert verdict == ALLOWED or (verdict.decision == "deny" and verdict.rule == f"validation.{rule}" and verdict.text)
    return verdict.decision == "deny"


@pytest.mark.parametrize(
    ("rule", "intent", "before", "seen", "expected"),
    [
        ("read_before_edit", EDIT, (), (), True),
        ("read_before_edit", EDIT, (), ("a.c",), False),
        ("read_before_edit", CREATE, (), (), False),
        ("file_exists", Intent("edit_file", "edit", needs=("no.c",), changes=("no.c",)), (), (), True),
        ("file_exists", EDIT, (), (), False),
        ("file_exists", Intent("edit_file", "edit", needs=("new.c",), changes=("new.c",)), (CREATE,), (), False),
        ("no_redundant_creation", CREATE, (), (), False),
        ("no_redundant_creation", CREATE, (CREATE,), (), True),
        ("no_redundant_creation", Intent("write_file", "write", creates=("a.c",), changes=("a.c",)), (), (), True),
        ("one_bash_per_turn", SHELL, (SHELL,), (), True),
        ("one_bash_per_turn", SHELL, (READ,), (), False),
        ("one_bash_per_turn", READ, (SHELL,), (), False),
        ("reads_before_bash", READ, (SHELL,), (), True),
        ("reads_before_bash", SHELL, (READ,), (), False),
        ("no_mixed_dialect", Intent("run_shell", "shell", origin="text"), (READ,), (), True),
        ("no_mixed_dialect", SHELL, (READ,), (), False),
        ("finish_alone", FINISH, (EDIT,), (), True),
        ("finish_alone", FINISH, (READ,), (), False),
    ],
)
def test_each_rule(
    rule: str, intent: Intent, before: tuple[Intent, ...], seen: tuple[str, ...], expected: bool
) -> None:
    assert refused(rule, intent, *before, seen=seen) is expected


def test_a_warning_lets_the_call_through_and_comes_before_a_refusal() -> None:
    history = History().with_call(SHELL)
    rules = {"one_bash_per_turn": "warn", "no_mixed_dialect": "deny"}
    verdicts = judge_sequence(Intent("run_shell", "shell", origin="text"), history, FILES.__contains__, rules)  # type: ignore[arg-type]
    assert [verdict.decision for verdict in verdicts] == ["warn", "deny"]


def test_two_shell_replies_in_a_row_are_allowed() -> None:
    assert not refused("one_bash_per_turn", SHELL)


def test_every_rule_has_a_case_here() -> None:
    marks = test_each_rule.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(RULES)
