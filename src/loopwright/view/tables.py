"""Tables for `list` and `status`: where every run stands, in 80 columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from loopwright.base import one_line
from loopwright.record import Limits, Summary, short_id
from loopwright.view._following import utc_now
from loopwright.view._labels import UNKNOWN, agent_name, ago, duration, elide, moment, money, reason, thousands

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table
    from rich.text import Text

__all__ = ["facts_grid", "runs_table", "status_text", "status_view"]

_Align = Literal["left", "right"]
_HEADS: tuple[tuple[str, _Align], ...] = (
    ("ID", "left"),
    ("STARTED", "left"),
    ("AGENT", "left"),
    ("MODEL", "left"),
    ("TASK", "left"),
    ("STATUS", "left"),
    ("PARTS", "right"),
    ("TESTS", "right"),
    ("COST", "right"),
)
_MODEL, _TASK = 3, 4
# Left out where there is no room, in this order; the id and the status always stay.
_DISPENSABLE = (1, 3, 6, 2, 4, 8, 7)
_NARROWEST = 8


def runs_table(
    summaries: Sequence[Summary], *, running: Collection[str] = (), now: datetime | None = None
) -> RenderableType:
    """The table of `list`, in the order given.

    Args:
        summaries: One per run.
        running: Full ids of the runs that a live process works on. A run that has neither ended nor is among them
            is shown as `interrupted`.
        now: The time now, with a time zone, that the starts are counted from.

    In a narrow terminal the model and the task lose their middles; in a very narrow one whole columns are left out,
    the least important first. Nothing else is ever cut.
    """
    return _Runs([_cells(summary, summary.id in running, now or utc_now()) for summary in summaries])


class _Runs:
    """A table whose two elastic columns are cut to the width that the others leave."""

    def __init__(self, rows: list[list[Text]]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        if not self._rows:
            yield Text("There are no runs yet.", "dim")
            return
        shown = self._shown(options.max_width)
        model, task = self._elastic(options.max_width, shown)
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        for head, align in (_HEADS[index] for index in shown):
            table.add_column(head, justify=align, no_wrap=True, overflow="fold")
        for row in self._rows:
            cells = list(row)
            cells[_MODEL] = Text(elide(row[_MODEL].plain, model), row[_MODEL].style)
            cells[_TASK] = Text(elide(row[_TASK].plain, task))
            table.add_row(*(cells[index] for index in shown))
        yield table

    def _longest(self, index: int) -> int:
        return max([len(_HEADS[index][0]), *(row[index].cell_len for row in self._rows)])

    def _shown(self, width: int) -> list[int]:
        """The columns for which there is room when the elastic ones are as narrow as can be."""
        least = {
            index: min(self._longest(index), _NARROWEST) if index in (_MODEL, _TASK) else self._longest(index)
            for index in range(len(_HEADS))
        }
        for index in _DISPENSABLE:
            if sum(least.values()) + len(least) - 1 <= width:
                break
            del least[index]
        return list(least)

    def _elastic(self, width: int, shown: list[int]) -> tuple[int, int]:
        """Widths of model and task: as long as they are where there is room, else an even share of it."""
        room = width - len(shown) + 1 - sum(self._longest(index) for index in shown if index not in (_MODEL, _TASK))
        long_model, long_task = (self._longest(index) if index in shown else 0 for index in (_MODEL, _TASK))
        half = max(room // 2, _NARROWEST)
        task = min(long_task, max(half, room - long_model))
        return min(long_model, max(room - task, _NARROWEST)), task


def _cells(summary: Summary, running: bool, now: datetime) -> list[Text]:
    from rich.text import Text

    passed = sum(count.passed for count in summary.tests.values())
    total = sum(count.expected for count in summary.tests.values())
    return [
        Text(short_id(summary.id), "bold"),
        Text(ago(summary.started_at, now)),
        Text(one_line(agent_name(summary.agent), 20)),
        _model(summary),
        Text(_task(summary)),
        status_text(summary, running),
        Text(str(summary.parts)),
        Text(f"{passed}/{total}" if total else UNKNOWN),
        Text(money(summary.cost)),
    ]


def _model(summary: Summary) -> Text:
    from rich.text import Text

    if summary.scripted:
        return Text("scripted", "magenta")
    if summary.model.startswith("recorded:"):
        return Text(f"recorded:{short_id(summary.model.removeprefix('recorded:'))}", "magenta")
    return Text(one_line(summary.model.rsplit("/", 1)[-1]))


def _task(summary: Summary) -> str:
    fork = f" (fork of {short_id(summary.parent)} at {summary.parent_part})" if summary.parent else ""
    return one_line(summary.task) + fork


def status_text(summary: Summary, running: bool) -> Text:
    """`running`, `interrupted`, or why the run ended, coloured."""
    from rich.text import Text

    if running:
        return Text("running", "cyan")
    if summary.reason is None:
        return Text("interrupted", "yellow")
    words = reason(summary.reason).replace("infrastructure", "infra")
    return Text(words, _REASON_STYLES.get(summary.reason, "yellow"))


_REASON_STYLES = {"solved": "green", "agent_error": "red", "harness_error": "red", "infrastructure_error": "red"}


def status_view(
    summary: Summary,
    limits: Limits,
    *,
    running: bool,
    pid: int | None = None,
    last_event_at: str | None = None,
    detail: str = "",
    now: datetime | None = None,
) -> RenderableType:
    """Where one run stands: process, figures and limits.

    Args:
        summary: The run as of its last event.
        limits: The limits in force.
        running: Whether a live process works on it.
        pid: That process.
        last_event_at: ISO 8601 time of the newest event; with `now`, its age is shown.
        detail: Why the run ended (`RunEnded.detail`), if it did.
        now: The time now, with a time zone.
    """
    from rich.text import Text

    state = status_text(summary, running)
    if running and pid is not None:
        state.append(f", process {pid}", "dim")
    if detail and not running:
        state.append(f": {one_line(detail, 1000)}")
    rows: list[tuple[str, Text]] = [
        ("trajectory", Text(summary.id)),
        ("status", state),
        ("last event", Text(_age(last_event_at, now))),
        ("parts", Text(_of(f"{summary.parts:,}", limits.max_parts and f"{limits.max_parts:,}"))),
        ("turns", Text(_of(f"{summary.turns:,}", limits.max_turns and f"{limits.max_turns:,}"))),
        ("tokens", Text(_of(thousands(summary.usage.total), limits.max_tokens and thousands(limits.max_tokens)))),
        ("cost", Text(_of(money(summary.cost), None if limits.max_cost is None else money(limits.max_cost)))),
        ("time", Text(_of(duration(summary.active_seconds), limits.max_seconds and duration(limits.max_seconds)))),
    ]
    if summary.waited_seconds >= 1:
        rows.append(("waited", Text(f"{duration(summary.waited_seconds)} for rate limits and outages of the provider")))
    if summary.parent is not None:
        rows.insert(1, ("forked from", Text(f"{summary.parent}, after part {summary.parent_part}")))
    rows += [(one_line(name, 24), Text(f"{n.passed}/{n.expected} passed")) for name, n in summary.tests.items()]
    return facts_grid(rows)


def facts_grid(rows: Sequence[tuple[str, Text]]) -> Table:
    """Names and values in two columns; long values wrap, and nothing is cut."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(one_line(name)), value)
    return grid


def _age(timestamp: str | None, now: datetime | None) -> str:
    if timestamp is None or now is None:
        return moment(timestamp)
    seconds = (now - datetime.fromisoformat(timestamp)).total_seconds()
    return f"{moment(timestamp)} UTC, {duration(seconds)} ago"


def _of(value: str, limit: str | float | None) -> str:
    return value if limit is None else f"{value} of at most {limit}"
