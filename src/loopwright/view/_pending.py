"""What an agent is saying and doing at this moment, before it is a part; only the end of it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from loopwright.agents import Delta
from loopwright.base import one_line, printable
from loopwright.record import Event, PartAdded, TurnEnded

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["CompleteLines", "Pending", "Trickle"]

_KEPT = 8_000
_MARKS = {"text": "»", "reasoning": "∴", "tool": "→", "output": "│", "diff": "±"}
_STYLES = {"text": "", "reasoning": "dim", "tool": "cyan", "output": "dim", "diff": ""}
_MOST_LINES = {"text": 6, "reasoning": 4, "tool": 3, "output": 5, "diff": 8}
_AT_ONCE = 40
_PER_SECOND = 2.0
_ORDER = ("reasoning", "text", "tool", "diff", "output")


class Pending:
    """The ends of what is on its way, by kind."""

    def __init__(self) -> None:
        self._tails: dict[str, str] = {}
        self._tool = ""
        self._called = ""

    def on_delta(self, delta: Delta) -> None:
        """Take the next piece in."""
        if delta.kind == "tool" and one_line(f"{delta.name} {delta.text}") == self._called:
            return  # some agents say what the model asked for first, and then that it runs
        if delta.kind == "tool" and delta.name != self._tool:
            self._tails.pop("tool", None)
            self._tails.pop("output", None)
            self._tool = delta.name
        self._tails[delta.kind] = (self._tails.get(delta.kind, "") + delta.text)[-_KEPT:]

    def on_event(self, event: Event) -> None:
        """What has become a part is not on its way any more."""
        match event:
            case PartAdded(part_type="text" | "reasoning"):
                self._said(event.part_type, event)
            case PartAdded(part_type="tool_call"):
                self._tails.pop("tool", None)
                self._called = one_line(event.summary)
            case PartAdded():
                for kind in ("tool", "output", "diff"):
                    self._tails.pop(kind, None)
                self._tool = ""
            case TurnEnded():
                self._tails.clear()
                self._tool = ""
            case _:
                pass

    def _said(self, kind: str, event: PartAdded) -> None:
        """Whoever attaches hears of what is next before the part: only what the part holds is taken away."""
        content = event.content.value if event.content is not None else None
        tail = self._tails.pop(kind, "")
        if isinstance(content, str) and tail.startswith(content) and tail != content:
            self._tails[kind] = tail[len(content) :]

    def lines(self, console: Console) -> list[Text]:
        """At most a few styled lines for each kind, each no wider than the console."""
        found: list[Text] = []
        for kind in _ORDER:
            if kind in self._tails or (kind == "tool" and self._tool):
                found += self._lines_of(kind, console)
        return found

    def _lines_of(self, kind: str, console: Console) -> list[Text]:
        from rich.text import Text

        name = f"{one_line(self._tool, 40)} " if kind == "tool" and self._tool else ""
        text = Text(name + printable(self._tails.get(kind, "")).strip("\n"), _STYLES[kind])
        wrapped = text.wrap(console, max(console.width - 9, 20), tab_size=4)
        lines = [_coloured(line) if kind == "diff" else line for line in list(wrapped)[-_MOST_LINES[kind] :]]
        return [
            Text(f"      {_MARKS[kind] if number == 0 else ' '} ", "dim", no_wrap=True).append_text(line)
            for number, line in enumerate(lines)
        ]


def _coloured(line: Text) -> Text:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line.plain[:1])
    if colour:
        line.stylize(colour)
    return line


class CompleteLines:
    """Deltas as whole lines, for where a line that was printed stays: a pipe, a log."""

    def __init__(self) -> None:
        self._rest: dict[tuple[str, str], str] = {}

    def on_delta(self, delta: Delta) -> list[tuple[str, str, str]]:
        """The lines that this piece completes, each as kind, tool and text; empty lines are left out."""
        key = (delta.kind, delta.name)
        *whole, rest = (self._rest.get(key, "") + delta.text).split("\n")
        self._rest[key] = rest[-_KEPT:]
        return [(delta.kind, delta.name, line) for line in whole if line.strip()]

    def on_event(self, event: Event) -> None:
        """The part says the rest."""
        if isinstance(event, PartAdded | TurnEnded):
            self._rest.clear()


class Trickle:
    """Lets so many lines of what tools print through that a log stays readable: 40 at once, then two a second.

    The whole output is in the record.
    """

    def __init__(self) -> None:
        self._left_out = 0
        self._allowed = float(_AT_ONCE)
        self._since: datetime | None = None

    def lets_through(self, now: datetime) -> bool:
        """Whether the next line is one to print; `now` is the time."""
        if self._since is not None:
            passed = max((now - self._since).total_seconds(), 0.0)
            self._allowed = min(self._allowed + passed * _PER_SECOND, float(_AT_ONCE))
        self._since = now
        if self._allowed < 1:
            self._left_out += 1
            return False
        self._allowed -= 1
        return True

    def left_out(self) -> int:
        """How many lines were not printed since it was asked last."""
        number, self._left_out = self._left_out, 0
        return number
