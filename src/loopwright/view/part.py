"""What `show ID --part P` prints: everything about one part."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from loopwright.base import UsageError, one_line, printable
from loopwright.record import Payload, TestingState, Trace, TracePart, Usage, short_id
from loopwright.view._changes import change_words, line_counts
from loopwright.view._labels import duration, elide, moment, money, short
from loopwright.view.tables import facts_grid

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

__all__ = ["part_view"]

_T = TypeVar("_T")
_LINES = 20
_WIDTH = 2000


def part_view(trace: Trace, part: int, resolve: Callable[[Payload], Any], *, full: bool = False) -> RenderableType:
    """Everything of a part: facts, tool arguments, result, text, files, tests.

    Args:
        trace: The trajectory.
        part: Its number, from 1.
        resolve: Fetches the value of a payload (a blob, or what it has by value).
        full: Show long texts whole; else their first 20 lines, with the command that shows the rest.

    Raises:
        UsageError: The trajectory has no such part.
    """
    from rich.console import Group

    found = next((row for row in trace.parts if row.part == part), None)
    if found is None:
        raise UsageError(
            f"The run {trace.trajectory_id} has no part {part}.",
            remedy=f"Its parts are 1 to {len(trace.parts)}." if trace.parts else "It has no parts yet.",
        )
    clip = _Clip(f"loopwright show {short_id(trace.trajectory_id)} --part {part} --full", full)
    return Group(facts_grid(_facts(trace, found)), *_contents(found, resolve, clip))


class _Clip:
    """Cuts long texts, and says how to see them whole."""

    def __init__(self, command: str, full: bool) -> None:
        self._command = command
        self._full = full

    def __call__(self, value: Any) -> Text:
        from rich.text import Text

        lines = printable(value if isinstance(value, str) else _pretty(value)).splitlines()
        if self._full:
            return Text("\n".join(lines))
        text = Text("\n".join(line if len(line) <= _WIDTH else line[:_WIDTH] + "…" for line in lines[:_LINES]))
        hidden = len(lines) - _LINES
        if hidden > 0 or any(len(line) > _WIDTH for line in lines[:_LINES]):
            what = f"{hidden} more lines" if hidden > 0 else "long lines are cut"
            text.append(f"\n… {what}: {self._command}", "dim italic")
        return text

    def some(self, values: Sequence[_T]) -> tuple[Sequence[_T], Text]:
        """The values to show, and a line, with the break before it, that says how many are hidden; empty if none."""
        from rich.text import Text

        hidden = len(values) - _LINES
        if self._full or hidden <= 0:
            return values, Text()
        return values[:_LINES], Text(f"\n… and {hidden:,} more: {self._command}", "dim italic")


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _facts(trace: Trace, part: TracePart) -> list[tuple[str, Text]]:
    rows = [
        ("part", _text(f"{part.part} of {len(trace.parts)}, turn {part.turn}, reply {part.reply or '—'}", "bold")),
        ("time", _text(f"{moment(part.timestamp)} UTC, took {_took(part.duration_ms)}")),
        ("type", _text(f"{part.part_type} ({part.item_type}), {part.role}")),
        ("summary", _text(one_line(part.summary))),
    ]
    if part.parent is not None:
        rows.append(("sub-agent", _text(_caller(trace, part.parent))))
    if part.tool is not None:
        code = "" if part.tool.exit_code is None else f", exit code {part.tool.exit_code}"
        rows.append(("tool", _text(f"{part.tool.name}: {part.tool.status}{code}")))
    rows.append(("commit", _text(_commits(part))))
    rows.append(("tests", _text(_tests(part.testing_state))))
    if part.usage is not None:
        rows.append(("usage", _text(_usage(part.usage, part.cost))))
    return rows


def _caller(trace: Trace, call_id: str) -> str:
    for part in trace.parts:
        if part.part_type == "tool_call" and part.tool is not None and part.tool.call_id == call_id:
            return f"of part {part.part} ({one_line(part.tool.name, 60)})"
    return f"of the call {call_id}"


def _took(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 10_000 else duration(milliseconds / 1000)


def _commits(part: TracePart) -> str:
    checkpoint = part.repo_checkpoint
    if checkpoint is None or not checkpoint.committed:
        return f"{short(part.git_commit, 12)} (no file was changed)"
    return f"{short(checkpoint.commit_before, 12)} before, {short(checkpoint.commit_after, 12)} after"


def _tests(state: TestingState) -> str:
    if state.latest_path is None:
        return "not run yet"
    suites = ", ".join(f"{name} {count.passed}/{count.expected}" for name, count in state.suites.items())
    newest = f"newest run of {state.latest_path or 'everything'}: {state.latest_passed}/{state.latest_total}"
    error = f" ({one_line(state.latest_error)})" if state.latest_error else ""
    return f"{suites}; {newest}{error}" if suites else newest + error


def _usage(usage: Usage, cost: float | None) -> str:
    kinds = f"{usage.input_tokens:,} in, {usage.cache_read_tokens:,} cached, {usage.output_tokens:,} out"
    return f"{usage.total:,} tokens ({kinds}), {'cost unknown' if cost is None else money(cost)}"


def _contents(part: TracePart, resolve: Callable[[Payload], Any], clip: _Clip) -> list[RenderableType]:
    found: list[RenderableType] = []
    tool = part.tool
    if tool is not None and tool.arguments is not None:
        found += _section("Arguments", _arguments(resolve(tool.arguments), clip))
    if tool is not None and tool.result is not None:
        found += _section("Result", clip(resolve(tool.result)))
    if part.content is not None:
        found += _section("Text", clip(resolve(part.content)))
    if part.files:
        found += _section("Files", _files(part, clip))
    return found


def _arguments(value: Any, clip: _Clip) -> RenderableType:
    """Arguments by name, so that a file's content reads as a file and not as one JSON string."""
    if not isinstance(value, dict):
        return clip(value)
    from rich.console import Group

    shown, rest = clip.some(tuple(value.items()))
    grid = facts_grid([(one_line(str(name), 24), clip(argument)) for name, argument in shown])
    return Group(grid, rest[1:]) if rest else grid


def _files(part: TracePart, clip: _Clip) -> Text:
    counts = line_counts(part.tool, part.content)
    shown, rest = clip.some(part.files)
    words = [elide(one_line(change_words(change, counts, part.tool)), 76) for change in shown]
    return _text("\n".join(words)).append_text(rest)


def _section(title: str, body: RenderableType) -> list[RenderableType]:
    return [_text(""), _text(title, "bold"), body]


def _text(value: object, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(str(value)), style)
