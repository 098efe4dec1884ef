"""What has happened so far, as conditions and rules ask for it, folded from calls and replies.

Everything here can be rebuilt from the parts of a run, so that a resumed run decides as the killed one would have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.record import Usage
from loopwright.runtime.agent.modes import Position
from loopwright.runtime.agent.stuck import CircleWatch, digest
from loopwright.runtime.config import Facts
from loopwright.runtime.rules import History

__all__ = ["Book", "Entry"]

# Refusals that only say "not in this reply": the calls before them ran, so they are no sign of a circle.
_LATER = frozenset(
    (
        "at_most_one_of",
        "loop.turn_strategy.allow_multiple_per_turn",
        "max_per_turn",
        "validation.finish_alone",
        "validation.one_bash_per_turn",
        "validation.reads_before_bash",
    )
)


class Entry:
    """What the book keeps of one call; `note` is its form in the record.

    `verdicts` are what permissions and rules said of the calls of its reply, by position, where that was not just
    "allowed". They stand with the first answer: what a later call needs may have changed by the time of a crash.
    `again` says that the same call was made before in this conversation.
    """

    def __init__(
        self,
        tool: str,
        arguments: Any,
        result: str,
        status: str,
        *,
        seen: Sequence[str] = (),
        changed: Sequence[str] = (),
        tests: tuple[int, int] | None = None,
        rule: str = "",
        waited: str = "",
        finishes: bool = False,
        verdicts: Mapping[str, Any] | None = None,
    ) -> None:
        self.tool = tool
        self.arguments = arguments
        self.result = result
        self.status = status
        self.seen = tuple(seen)
        self.changed = tuple(changed)
        self.tests = tests
        self.rule = rule
        self.waited = waited
        self.finishes = finishes
        self.verdicts = dict(verdicts or {})
        self.again = False

    def note(self) -> dict[str, Any]:
        """What the record needs besides tool, arguments, result and status; empty values are left out."""
        note = {
            "tool_id": self.tool,
            "seen": list(self.seen),
            "changed": list(self.changed),
            "tests": list(self.tests or ()),
            "rule": self.rule,
            "waited": self.waited,
            "finishes": self.finishes,
            "verdicts": self.verdicts,
        }
        return {name: value for name, value in note.items() if value}

    @classmethod
    def of(cls, note: Mapping[str, Any], arguments: Any, result: str, status: str) -> Entry:
        """From the record."""
        tests = note.get("tests")
        return cls(
            note.get("tool_id", ""),
            arguments,
            result,
            status,
            seen=note.get("seen", ()),
            changed=note.get("changed", ()),
            tests=(tests[0], tests[1]) if tests else None,
            rule=note.get("rule", ""),
            waited=note.get("waited", ""),
            finishes=note.get("finishes", False),
            verdicts=note.get("verdicts"),
        )


class Book:
    """The account of one conversation.

    Attributes:
        history: For the rules on the order of calls.
        circles: For noticing that the agent goes round in circles.
        replies, tokens, errors: So far.
        replies_without_call: In a row, up to the newest.
        finished_with: The summary of the newest reply's completed finishing call, or None.
    """

    def __init__(self, window: int) -> None:
        self.history = History()
        self.circles = CircleWatch(window)
        self.replies = 0
        self.tokens = 0
        self.errors = 0
        self.replies_without_call = 0
        self.finished_with: str | None = None
        self._looked_at: set[str] = set()
        self._made: set[str] = set()
        self._changed: set[str] = set()
        self._tests: tuple[int, int] | None = None
        self._completed: set[str] = set()
        self._text = ""

    def new_mode(self) -> None:
        """Another mode begins: what was called before does not count for its conditions."""
        self._completed.clear()

    def new_reply(self, text: str, usage: Usage | None) -> None:
        """The model answered."""
        self.replies += 1
        self.tokens += usage.total if usage else 0
        self.finished_with = None
        self._text = text
        # What a call of a reply shows, the model knows from the next reply on.
        self.history = History(self.history.seen | self._looked_at)
        self._looked_at.clear()

    def call(self, entry: Entry) -> None:
        """A call was answered."""
        if entry.rule not in _LATER:
            self.circles.call(entry.tool, entry.arguments, entry.result, failed=entry.status != "completed")
        identity = digest([entry.tool, entry.arguments])
        entry.again = identity in self._made
        self._made.add(identity)
        if entry.status != "completed":
            self.errors += 1
            return
        self._completed.add(entry.tool)
        self._changed.update(entry.changed)
        self._looked_at.update((*entry.seen, *entry.changed))
        self._tests = entry.tests or self._tests
        if entry.finishes:
            self.finished_with = entry.result

    def reply_done(self, calls: int) -> None:
        """All calls of the newest reply were answered."""
        self.replies_without_call = 0 if calls else self.replies_without_call + 1
        self.circles.reply(calls=calls)

    def facts(self, position: Position | None, features: Mapping[str, bool]) -> Facts:
        """What conditions may ask for, now."""
        passed, total = self._tests or (None, None)
        values = {
            "replies": self.replies,
            "replies_in_mode": position.replies if position else 0,
            "files_changed": len(self._changed),
            "tests_passed": passed,
            "tests_total": total,
            "tokens": self.tokens,
            "errors": self.errors,
            "mode": position.mode if position else "",
        }
        return Facts(values, features, self._completed.__contains__, self._text.__contains__)
