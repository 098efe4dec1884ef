"""What scrolls by while a run is watched in a terminal: lines of styled text for each event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopwright.base import clip, one_line, printable
from loopwright.record import (
    CheckpointTaken,
    Event,
    LimitsChanged,
    ModelCalled,
    Noticed,
    PartAdded,
    RunEnded,
    RunResumed,
    RunStarted,
    Steered,
    StopRequested,
    SuiteCount,
    TestsGraded,
    TurnEnded,
    TurnStarted,
    short_id,
)
from loopwright.view._following import Following, GradeTrend
from loopwright.view._labels import elide, limit_words, plural, reason, short

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

__all__ = ["GLYPHS", "Scroll"]

GLYPHS = {"reasoning": "∴", "text": "»", "tool_call": "→", "tool_result": "←", "patch": "±", "unknown": "?"}
_STYLES = {"reasoning": "dim", "text": "", "tool_call": "cyan", "tool_result": "", "patch": "", "unknown": "yellow"}
_LEVELS = {"info": "dim", "warning": "yellow", "error": "red"}
_NUMBER = 5
_LONGEST_TEXT = 1500
_MOST_FILES = 20
_DEEPEST = 3
_MARGIN = _NUMBER + 4


class Scroll:
    """Turns events into renderables for a terminal of any width from 60 columns."""

    def __init__(self, state: Following) -> None:
        self._state = state
        self._trend = GradeTrend()

    def catch_up(self, event: Event) -> None:
        """Remember what later lines are compared with."""
        if isinstance(event, TestsGraded):
            self._trend.since(event)

    def lines(self, event: Event) -> Iterator[RenderableType]:
        """What to print for an event; nothing for those that only move the figures below."""
        match event:
            case PartAdded():
                yield from self._part(event)
            case TestsGraded():
                yield _row("", "✓" if not event.failed and not event.error else "✗", self._grade(event))
            case TurnStarted():
                yield _rule(f"turn {event.turn}")
            case TurnEnded():
                if event.outcome != "finished":
                    yield _note(f"turn {event.turn}: {event.outcome} {event.detail}", "yellow")
            case ModelCalled():
                if event.error or event.status >= 400:
                    yield _note(f"model call {event.call}: status {event.status} {event.error}", "red")
            case _:
                yield from _session(event)

    def _part(self, event: PartAdded) -> Iterator[RenderableType]:
        number, glyph = str(event.part), GLYPHS[event.part_type]
        inside = "┆ " * min(self._state.depth(event), _DEEPEST)
        if event.part_type == "text":
            yield _row(number, glyph, _words(inside, "dim").append_text(_words(_said(event))))
            return
        text = _words(inside, "dim").append_text(_words(one_line(event.summary), _STYLES[event.part_type]))
        yield _PartLine(number, glyph, text, self._tail(event))

    def _tail(self, event: PartAdded) -> Text:
        """How a tool failed, and what became of which files: what must be seen however long the summary is."""
        tail = _words("")
        if event.tool is not None and event.tool.status in {"failed", "denied", "timeout"}:
            code = f" (exit {event.tool.exit_code})" if event.tool.exit_code is not None else ""
            tail.append(f"  {event.tool.status}{code}", "red")
        for words in self._state.change_words(event, _MOST_FILES):
            tail.append("  ").append_text(_change(words))
        if len(event.files) > _MOST_FILES:
            tail.append(f"  and {len(event.files) - _MOST_FILES:,} more", "dim")
        return tail

    def _grade(self, event: TestsGraded) -> Text:
        text = _words(f"tests {one_line(event.path)}".strip())
        said: set[str] = set()
        for suite, (count, more) in self._trend.since(event).items():
            chosen = count.total if event.path not in ("", "all", suite) and not count.error else 0
            text.append("  ").append_text(_count(suite, count, more, chosen, silent=count.error in said))
            said.add(count.error)
        # Where the whole grade failed, every suite says why: once is enough.
        told = event.error and any(count.error == event.error for count in event.suites.values())
        if (event.status_code != 200 or event.error) and not told:
            text.append(f"  {one_line(event.error) or event.status_code}", "red")
        return text


class _PartLine:
    """A part on one line, whose text gives way to its tail; a long tail has a line of its own."""

    def __init__(self, number: str, glyph: str, text: Text, tail: Text) -> None:
        self._number = number
        self._glyph = glyph
        self._text = text
        self._tail = tail

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(options.max_width - _MARGIN, _MARGIN)
        text, tail = self._text.copy(), self._tail
        if text.cell_len + tail.cell_len > room and tail.cell_len > room // 2:
            yield _row(self._number, self._glyph, text, one=True)
            yield _row("", "", tail[2:], one=True)
            return
        text.truncate(max(room - tail.cell_len, 1), overflow="ellipsis")
        yield _row(self._number, self._glyph, text.append_text(tail), one=True)


def _said(event: PartAdded) -> str:
    """The whole text of the agent where it is short and at hand, else its beginning."""
    content = event.content
    whole = content.value if content is not None and isinstance(content.value, str) else None
    return clip(printable(whole or (content.preview if content else "") or event.summary).strip(), _LONGEST_TEXT)


def _count(suite: str, count: SuiteCount, more: int | None, chosen: int, *, silent: bool) -> Text:
    """`chosen` is how many tests of the suite were asked for, 0 for all of them."""
    expected = chosen or count.expected
    colour = "green" if count.passed == expected else "yellow" if count.passed else "red"
    text = _words(f"{one_line(suite, 24)} ").append(f"{count.passed}/{expected}", colour)
    if expected < count.expected:
        text.append(f" of its {count.expected}", "dim")
    if more:
        text.append(f" {more:+d}", "green" if more > 0 else "bold red")
    return text.append(f" {one_line(count.error, 80)}", "red") if count.error and not silent else text


def _change(words: str) -> Text:
    """`path +3 -1` with its parts coloured."""
    from rich.text import Text

    path, *counts = one_line(words).rsplit(" ", 2) if " -" in words else [one_line(words)]
    text = Text(elide(path, 40), "bold")
    for count in counts:
        text.append(f" {count}", "green" if count.startswith("+") else "red")
    return text


def _session(event: Event) -> Iterator[RenderableType]:
    match event:
        case Noticed():
            yield _note(event.message, _LEVELS[event.level])
        case StopRequested():
            yield _note(f"asked to stop ({event.source})", "yellow")
        case RunResumed():
            yield _rule(f"resumed after part {event.after_part}")
        case RunEnded():
            style = "bold green" if event.reason == "solved" else "bold yellow"
            commit = short(event.final_git_commit, 12)
            yield _rule(f"{reason(event.reason)} after {plural(event.total_parts, 'part')}, commit {commit}", style)
            if event.detail:
                yield _note(event.detail, "dim")
        case _:
            yield from _people(event)


def _people(event: Event) -> Iterator[RenderableType]:
    """What came from outside of the loop, or between two parts."""
    match event:
        case Steered():
            said = event.text.value if isinstance(event.text.value, str) else event.text.preview
            when = "" if event.delivered == "now" else " (heard at the next turn)"
            yield _row("", "☞", _words(clip(printable(said), _LONGEST_TEXT) + when, "magenta"))
        case LimitsChanged():
            yield _note(f"limits are now: {limit_words(event.limits)} ({event.source})", "yellow")
        case CheckpointTaken():
            files = ", ".join(elide(one_line(change.path), 30) for change in event.checkpoint.changed_files[:4])
            yield _row("", "±", _words(f"between two parts: {files}", "dim"), one=True)
        case RunStarted(parent=str() as parent):
            yield _note(f"forked from {short_id(parent)} after part {event.parent_part}", "dim")
        case _:
            pass


def _words(text: str, style: str = "") -> Text:
    """Untrusted text that is never read as markup."""
    from rich.text import Text

    return Text(text, style)


def _note(text: str, style: str) -> RenderableType:
    return _row("", "!", _words(one_line(text, 400), style))


def _rule(text: str, style: str = "dim") -> RenderableType:
    from rich.rule import Rule

    return Rule(_words(one_line(text)), style=style, align="left")


def _row(number: str, glyph: str, text: Text, one: bool = False) -> RenderableType:
    """Number, glyph and text in columns; `one` cuts the text to a single line, else it wraps inside its column."""
    from rich.table import Table

    text.no_wrap = one
    text.overflow = "ellipsis" if one else "fold"
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_NUMBER, justify="right", style="dim", no_wrap=True)
    grid.add_column(width=1, no_wrap=True)
    # The column may wrap even where its text does not: else a long text would squeeze the other columns out.
    grid.add_column()
    grid.add_row(number, glyph, text)
    return grid
