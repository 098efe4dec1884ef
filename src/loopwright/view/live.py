"""Following a run in a terminal: what the agent does scrolls by, and where the run stands stays at the bottom."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Protocol

from loopwright.agents import Delta
from loopwright.base import one_line
from loopwright.record import Event as Recorded
from loopwright.record import Limits, RunEnded, short_id
from loopwright.view._following import Clock, Following, utc_now
from loopwright.view._labels import UNKNOWN, agent_name, duration, model_name, money, reason, thousands
from loopwright.view._pending import Pending
from loopwright.view._scroll import Scroll

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["LiveView", "View", "open_view"]

_MOST_SUITES = 8
_BAR = 24
_SECONDS_BETWEEN = 1 / 8


class View(Protocol):
    """Anything that can be fed the events of a run."""

    def on_event(self, seq: int, event: Recorded) -> None:
        """Show an event; one that was shown before is left out."""
        ...

    def catch_up(self, seq: int, event: Recorded) -> None:
        """Take an event of the past into account, without showing it."""
        ...

    def on_delta(self, delta: Delta) -> None:
        """Show a piece of what is on its way."""
        ...

    def close(self) -> None:
        """Leave the terminal as it should be."""
        ...


def open_view(console: Console, limits: Limits | None = None) -> View:
    """The view that fits: `LiveView` on a terminal, `PlainView` elsewhere (a pipe, a log, a dumb terminal)."""
    from loopwright.view.plain import PlainView

    if console.is_terminal and not console.is_dumb_terminal:
        return LiveView(console, limits)
    return PlainView(console.file, limits)  # type: ignore[arg-type]


class LiveView:
    """Shows a run at the bottom of a terminal. Colours follow the console, and so NO_COLOR.

    Args:
        console: A console on a terminal; it is written to by nobody else until `close`.
        limits: Limits to measure the time left by; those that the events tell where None.
        clock: The time now in UTC, for the time that has passed since the last event.
        refresh: Whether a thread redraws the figures eight times a second; else only events redraw them.
    """

    def __init__(
        self, console: Console, limits: Limits | None = None, *, clock: Clock = utc_now, refresh: bool = True
    ) -> None:
        from rich.live import Live

        self._console = console
        self._state = Following(limits, clock)
        self._scroll = Scroll(self._state)
        self._pending = Pending()
        self._live = Live(
            console=console,
            get_renderable=self._figures,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        # Not with the thread of `Live`: it may draw between the moment when a line's place is computed and the moment
        # when the line is written there, and then figures of another height overwrite a line that was told already.
        self._drawing = RLock()
        self._closed = Event()
        self._thread = Thread(target=self._redraw, name="live view", daemon=True) if refresh else None
        self._live.start()
        if self._thread is not None:
            self._thread.start()

    def on_event(self, seq: int, event: Recorded) -> None:
        """Show an event; one that was shown before is left out."""
        with self._drawing:
            if not self._state.apply(seq, event):
                return
            self._pending.on_event(event)
            for line in self._scroll.lines(event):
                self._console.print(line, highlight=False, markup=False)
            if isinstance(event, RunEnded) or self._thread is None:
                self._live.refresh()

    def catch_up(self, seq: int, event: Recorded) -> None:
        """Take an event of the past into the figures; nothing of it scrolls by."""
        with self._drawing:
            if self._state.apply(seq, event):
                self._scroll.catch_up(event)

    def on_delta(self, delta: Delta) -> None:
        """Show a piece of what is on its way, above the figures, until it is a part."""
        with self._drawing:
            self._pending.on_delta(delta)
            if self._thread is None:
                self._live.refresh()

    def close(self) -> None:
        """Stop redrawing; the last figures stay on the screen. May be called twice."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        with self._drawing:
            self._live.stop()

    def _redraw(self) -> None:
        with suppress(OSError):  # the terminal is gone, as whoever tells us the next event will find out
            while not self._closed.wait(_SECONDS_BETWEEN):
                with self._drawing:
                    self._live.refresh()

    def _figures(self) -> RenderableType:
        from rich.console import Group
        from rich.rule import Rule

        coming = self._pending.lines(self._console)
        return Group(*coming, Rule(style="dim"), self._header(), self._counters(), *self._suites())

    def _header(self) -> Text:
        from rich.text import Text

        start = self._state.progress.started
        if start is None:
            return Text("starting", "dim")
        text = Text(overflow="fold")
        text.append(short_id(start.trajectory_id), "bold")
        model = model_name(start.model, start.agent_model, start.scripted)
        style = "magenta" if start.scripted else ""
        for words, look in ((agent_name(start.agent), ""), (model, style), (start.task, ""), (start.sandbox, "")):
            text.append(" · ", "dim").append(one_line(words, 40), look)
        return text

    def _counters(self) -> Text:
        from rich.text import Text

        state, progress = self._state, self._state.progress
        most = f" of {state.limits.max_parts}" if state.limits.max_parts is not None else ""
        cost = "cost unknown" if progress.cost is None else money(progress.cost)
        spent = f"{thousands(progress.usage.total)} tokens"
        waited = [f"waited {duration(progress.waited_seconds)}"] if progress.waited_seconds >= 1 else []
        words = [
            f"part {progress.parts}{most}",
            f"turn {progress.turns}",
            spent,
            cost,
            duration(state.elapsed()),
            *waited,
        ]
        left = state.time_left()
        if progress.ended is not None:
            words.append(reason(progress.ended.reason))
        else:
            words.append(f"left {duration(left[0])} ({left[1]})" if left else f"left {UNKNOWN}")
        return Text(_flow(words, self._console.width))

    def _suites(self) -> list[RenderableType]:
        from rich.table import Table
        from rich.text import Text

        suites = self._state.suites()
        # Suites that still fail come first, so that a long list cannot hide what is worked on.
        names = sorted(suites, key=lambda name: suites[name][0] == suites[name][1])
        grid = Table.grid(padding=(0, 1))
        grid.add_column(max_width=20, no_wrap=True, overflow="ellipsis")
        grid.add_column(width=_BAR)
        grid.add_column(justify="right", no_wrap=True)
        for name in names[:_MOST_SUITES]:
            passed, expected = suites[name]
            grid.add_row(
                Text(one_line(name)), _bar(passed, expected), f"{UNKNOWN if passed is None else passed}/{expected}"
            )
        hidden = len(names) - _MOST_SUITES
        return [grid, Text(f"and {hidden} more suites", "dim")] if hidden > 0 else [grid]


def _flow(words: list[str], width: int) -> str:
    """The words in as many lines as they need, each word whole on one line."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]}  {word}".strip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _bar(passed: int | None, expected: int) -> Text:
    from rich.text import Text

    filled = int(_BAR * (passed or 0) / expected) if expected else 0
    colour = "green" if filled == _BAR else "yellow"
    return Text("█" * filled, colour).append("░" * (_BAR - filled), "dim")
