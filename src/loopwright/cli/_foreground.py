"""Running or resuming a trajectory in this process, with a view of it in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loopwright.base import printable
from loopwright.cli._common import console
from loopwright.cli.app import INTERRUPTED

if TYPE_CHECKING:
    from loopwright.agents import Delta
    from loopwright.record import Event, Limits, RunDir, RunEnded, RunStarted
    from loopwright.trajectory import RunOptions
    from loopwright.view import View

__all__ = ["OnStart", "banner", "exit_code", "fork_here", "resume_here", "run_here", "view_for", "work"]

OnStart = Callable[["RunDir", "RunStarted"], None]


def run_here(options: RunOptions, *, plain: bool = False, on_start: OnStart | None = None) -> int:
    """Start a new trajectory and stay with it until it ends; returns the exit code."""
    from loopwright.gateway import hold_keys
    from loopwright.trajectory import make_plan, start

    hold_keys()
    plan = make_plan(options)
    return work(
        lambda look, begun: start(options, plan, [look.event], begun, look.delta), plain=plain, on_start=on_start
    )


def fork_here(
    parent: RunDir, part: int | None, options: RunOptions, *, plain: bool = False, on_start: OnStart | None = None
) -> int:
    """Start a trajectory from a part of another one and stay with it until it ends; returns the exit code."""
    from loopwright.gateway import hold_keys
    from loopwright.trajectory import fork, plan_fork

    hold_keys()
    plan, inheritance = plan_fork(parent, part, options)

    def go(look: Looking, begun: OnStart) -> Awaitable[tuple[RunDir, RunEnded]]:
        return fork(options, plan, inheritance, [look.event], begun, look.delta)

    return work(go, plain=plain, on_start=on_start)


def resume_here(rundir: RunDir, limits: Limits | None, *, plain: bool = False, on_start: OnStart | None = None) -> int:
    """Go on with a trajectory and stay with it until it ends; returns the exit code."""
    from loopwright.gateway import hold_keys
    from loopwright.trajectory import resume

    hold_keys()

    async def go(look: Looking, begun: OnStart) -> tuple[RunDir, RunEnded]:
        return rundir, await resume(rundir, limits, [look.event], begun, look.delta)

    return work(go, plain=plain, on_start=on_start)


class Looking:
    """Shows a run as it happens, once there is something to show it with, and as long as anybody may be watching."""

    def __init__(self) -> None:
        self.views: list[View] = []

    def event(self, seq: int, event: Event) -> None:
        """Show an event."""
        with self.perhaps_alone():
            for view in self.views:
                view.on_event(seq, event)

    def delta(self, delta: Delta) -> None:
        """Show what is on its way."""
        with self.perhaps_alone():
            for view in self.views:
                view.on_delta(delta)

    def close(self) -> None:
        """Leave the terminal as it should be."""
        for view in self.views:
            view.close()

    @contextmanager
    def perhaps_alone(self) -> Iterator[None]:
        """A reader of our output who leaves (`| head`, a closed terminal) does not end a run; it goes on unseen."""
        try:
            yield
        except OSError:
            self.views.clear()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)


def work(
    go: Callable[[Looking, OnStart], Awaitable[tuple[RunDir, RunEnded]]], *, plain: bool, on_start: OnStart | None
) -> int:
    """Run `go` to its end while showing what it does."""
    import anyio

    look = Looking()

    def begun(rundir: RunDir, first: RunStarted) -> None:
        with look.perhaps_alone():
            banner(first)
            if on_start is not None:
                on_start(rundir, first)
            look.views.append(view_for(plain=plain))
            _show_past(rundir, look.views[0])

    async def main() -> tuple[RunDir, RunEnded]:
        return await go(look, begun)

    try:
        rundir, ended = anyio.run(main)
    finally:
        look.close()
    with look.perhaps_alone():
        epilogue(rundir, ended)
    return exit_code(ended)


def view_for(*, plain: bool) -> View:
    """The live view on a terminal, a line for each event elsewhere or where `plain` asks for it."""
    from loopwright.view import PlainView, open_view

    return PlainView(sys.stdout) if plain else open_view(console())


def _show_past(rundir: RunDir, view: View) -> None:
    """Begin with what is recorded already: of a new run its first event, of a resumed one how far it is."""
    from loopwright.record import read_events, read_tail

    last = max((seq for seq, _ in read_tail(rundir.journal, 1)), default=0)
    for seq, event in read_events(rundir.journal):
        if seq in (1, last):
            view.on_event(seq, event)
        else:
            view.catch_up(seq, event)


def banner(first: RunStarted) -> None:
    """The three lines of seed 000, and what this run is."""
    click.echo(f"TRAJECTORY_ID: {first.trajectory_id}")
    click.echo(f"TRACE_S3_URI: {first.artifacts['agent_trace']}")
    click.echo(f"BUNDLE_S3_URI: {first.artifacts['repo_bundle']}")
    if first.parent is not None:
        from loopwright.view import fork_words, limit_words

        click.echo(f"forked from {first.parent} after part {first.parent_part}{fork_words(first.options)}")
        click.echo(f"limits, counted from here: {limit_words(first.limits)}")
    scripted = " (scripted: its replies were written beforehand)" if first.scripted else ""
    if first.model.startswith("recorded:"):
        scripted = f" (recorded: its answers are those that it gave in {first.model.removeprefix('recorded:')})"
    click.echo(printable(f"agent {first.agent}, model {first.agent_model}{scripted}"))
    click.echo(f"sandbox {first.isolation}")
    sys.stdout.flush()


def epilogue(rundir: RunDir, ended: RunEnded) -> None:
    """How the run ended, and where to look next."""
    from loopwright.record import short_id
    from loopwright.view import plural

    detail = f": {ended.detail}" if ended.detail else ""
    click.echo(printable(f"\n{ended.reason}{detail}"))
    counts = f"{plural(ended.total_parts, 'part')} in {plural(ended.total_turns, 'turn')}"
    click.echo(f"{counts}; files at commit {ended.final_git_commit[:12]}")
    click.echo(f"record in {rundir.path}")
    short = short_id(rundir.id)
    click.echo("Look at it with:")
    looks = [f"show {short}", f"graph {short}"] + [f"diff {short} 0 {ended.total_parts}"] * bool(ended.total_parts)
    for words in looks:
        click.echo(f"  {_program()} {words}")
    if ended.reason not in ("solved", "finished"):
        click.echo(f"Go on with:\n  {_program()} {_how_to_go_on(ended, short)}")


def _how_to_go_on(ended: RunEnded, short: str) -> str:
    if ended.refusal == "ended":  # the script, or the recorded run, would end again
        return f"fork {short} --model scripted:FILE"
    return f"resume {short}{_more(ended)}"


def _more(ended: RunEnded) -> str:
    """The limit that has to be raised first; its value is for the person to choose."""
    name = {"part_limit": "parts", "turn_limit": "turns", "token_limit": "tokens", "cost_limit": "cost"}
    name |= {"time_limit": "seconds"}
    agents_own = ended.reason == "turn_limit" and not ended.detail.endswith(" used")
    return "" if agents_own or ended.reason not in name else f" --max-{name[ended.reason]} N"


def _program() -> str:
    """How the person called us, so that the next command can be copied."""
    name = Path(sys.argv[0])
    return str(name) if name.name == "loopwright" and not shutil.which("loopwright") else "loopwright"


def exit_code(ended: RunEnded) -> int:
    """0 solved, or finished without tests; 130 interrupted from the keyboard; 3 where the machine failed; else 1."""
    if ended.reason in ("solved", "finished"):
        return 0
    if ended.reason == "infrastructure_error":
        return 3
    return INTERRUPTED if ended.reason == "stopped" and ended.detail == "SIGINT" else 1
