"""Rules on the order of calls, as pure predicates: what was done before decides whether a call may run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct, structs

from loopwright.runtime.rules.verdicts import ALLOWED, Verdict
from loopwright.runtime.tools.spec import ToolKind

__all__ = ["RULES", "History", "Intent", "Rule", "judge_sequence"]

Severity = Literal["warn", "deny"]


class Intent(Struct, frozen=True):
    """One call, as far as the rules are concerned. Paths are relative to the workspace.

    `creates` are the files that it would create anew, `needs` those that must be there for it, `changes` all that it
    would write, move or delete.
    """

    tool: str
    kind: ToolKind
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    origin: Literal["native", "text"] = "native"


class History(Struct, frozen=True):
    """What was done before: files seen (read, or written by the agent) in the trajectory, and this reply's calls."""

    seen: frozenset[str] = frozenset()
    reply: tuple[Intent, ...] = ()

    def with_call(self, intent: Intent) -> History:
        """The history after a call that was let through."""
        return structs.replace(self, reply=(*self.reply, intent))


Exists = Callable[[str], bool]
Rule = Callable[[Intent, History, Exists], str | None]


def _read_before_edit(intent: Intent, history: History, exists: Exists) -> str | None:
    for path in intent.changes:
        if path not in intent.creates and path not in history.seen and exists(path):
            return f"{path} was never read; read it before you change it"
    return None


def _file_exists(intent: Intent, history: History, exists: Exists) -> str | None:
    made = {path for earlier in history.reply for path in earlier.creates}
    missing = next((path for path in intent.needs if path not in made and not exists(path)), None)
    return None if missing is None else f"there is no file {missing}"


def _no_redundant_creation(intent: Intent, history: History, exists: Exists) -> str | None:
    made = {path for earlier in history.reply for path in earlier.creates}
    there = next((path for path in intent.creates if path in made or exists(path)), None)
    return None if there is None else f"{there} exists already; edit it instead of creating it again"


def _one_bash_per_turn(intent: Intent, history: History, exists: Exists) -> str | None:
    if intent.kind == "shell" and any(earlier.kind == "shell" for earlier in history.reply):
        return "only one shell command may be run in one reply; join them, or run the next one in the next reply"
    return None


def _reads_before_bash(intent: Intent, history: History, exists: Exists) -> str | None:
    if intent.kind in ("read", "search") and any(earlier.kind == "shell" for earlier in history.reply):
        return "read files before you run shell commands in a reply, or in the next reply"
    return None


def _no_mixed_dialect(intent: Intent, history: History, exists: Exists) -> str | None:
    if any(earlier.origin != intent.origin for earlier in history.reply):
        return "calls of the provider's API and calls written in the text were mixed in one reply; use one of them"
    return None


def _finish_alone(intent: Intent, history: History, exists: Exists) -> str | None:
    changed = any(earlier.changes or earlier.kind == "shell" for earlier in history.reply)
    if intent.kind == "finish" and changed:
        return "run the tests after the last change, and finish in a reply of its own"
    return None


RULES: Mapping[str, Rule] = {
    "read_before_edit": _read_before_edit,
    "file_exists": _file_exists,
    "no_redundant_creation": _no_redundant_creation,
    "one_bash_per_turn": _one_bash_per_turn,
    "reads_before_bash": _reads_before_bash,
    "no_mixed_dialect": _no_mixed_dialect,
    "finish_alone": _finish_alone,
}
"""Rules by the names that `enhanced_tools.validation.rules` uses."""


def judge_sequence(
    intent: Intent, history: History, exists: Exists, rules: Mapping[str, Severity]
) -> tuple[Verdict, ...]:
    """What the chosen rules say of a call: warnings, then at most one refusal, which is the last."""
    warnings: list[Verdict] = []
    for name, severity in rules.items():
        text = RULES[name](intent, history, exists)
        if text is None:
            continue
        verdict = Verdict(severity, f"validation.{name}", text)
        if severity == "deny":
            return (*warnings, verdict)
        warnings.append(verdict)
    return tuple(warnings) or (ALLOWED,)
