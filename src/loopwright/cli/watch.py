"""`loopwright logs` and `attach`: what happens in a run, from its journal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio
import click

from loopwright.base import printable
from loopwright.cli._common import json_option, print_json, run_argument, run_of
from loopwright.cli._foreground import view_for

if TYPE_CHECKING:
    from loopwright.agents import Delta
    from loopwright.record import Event, RunDir
    from loopwright.view import View

__all__ = ["attach", "logs"]


@click.command()
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--process", is_flag=True, help="Print what a detached run's process printed instead.")
@json_option
def logs(run_id: str, follow: bool, process: bool, as_json: bool) -> None:
    """Print what happened in a run, a line for each event."""
    rundir = run_of(run_id)
    if process:
        text = rundir.log.read_text(errors="replace") if rundir.log.exists() else None
        if as_json:
            print_json({"text": text})
        else:
            click.echo("(it was not detached)" if text is None else printable(text))
        return
    _watch(rundir, _JsonLines() if as_json else view_for(plain=True), follow=follow)


class _JsonLines:
    """Prints every event as it comes, one a line: `{"seq":N,"event":{...}}`."""

    def on_event(self, seq: int, event: Event) -> None:
        """Print the next event."""
        from loopwright.record import encode_event

        # Not through click alone: a reader of a pipe is to have each line as soon as it is there.
        click.echo(b'{"seq":%d,"event":%b}' % (seq, encode_event(event)))
        sys.stdout.flush()

    def catch_up(self, seq: int, event: Event) -> None:
        """Nothing is remembered."""

    def on_delta(self, delta: Delta) -> None:
        """What is not recorded is not printed."""

    def close(self) -> None:
        """Nothing is left to print."""


@click.command()
@run_argument
@click.option("--plain", is_flag=True, help="A line for each event, even in a terminal.")
def attach(run_id: str, plain: bool) -> None:
    """Watch a run that goes on elsewhere, with what its agent is saying just now. Ctrl-C leaves; the run goes on."""
    _watch(run_of(run_id), view_for(plain=plain), follow=True, live=True)


def _watch(rundir: RunDir, view: View, *, follow: bool, live: bool = False) -> None:
    from loopwright.record import read_events, short_id, writer_of
    from loopwright.trajectory import started_event

    if writer_of(rundir) is None:
        started_event(rundir)

    async def main() -> None:
        from loopwright.record import follow as follow_journal

        async with anyio.create_task_group() as tasks:
            if live:
                tasks.start_soon(_show_deltas, rundir, view)
            async for seq, event in follow_journal(rundir.journal, lambda: writer_of(rundir) is None):
                view.on_event(seq, event)
            tasks.cancel_scope.cancel()

    left = False
    try:
        if follow:
            anyio.run(main)
        else:
            for seq, event in read_events(rundir.journal):
                view.on_event(seq, event)
    except KeyboardInterrupt:
        left = True
    finally:
        view.close()
    if left:
        # Not before the view is closed: it would draw over it.
        click.echo(f"\nleft; the run goes on: loopwright status {short_id(rundir.id)}", err=True)
    elif follow:
        _tell_gone(rundir)


async def _show_deltas(rundir: RunDir, view: View) -> None:
    """What is on its way, as long as a process works on the run; it listens a moment after it has begun."""
    from loopwright.trajectory import watch as watch_deltas

    while True:
        async for delta in watch_deltas(rundir.control):
            view.on_delta(delta)
        await anyio.sleep(0.5)


def _tell_gone(rundir: RunDir) -> None:
    """Say why nothing more comes, where the journal does not say it itself."""
    from loopwright.record import RunEnded, RunResumed, read_tail

    # Not only the last event: a notice about the store may follow the end.
    newest = [event for _, event in read_tail(rundir.journal, 20) if isinstance(event, RunEnded | RunResumed)]
    if not newest or not isinstance(newest[-1], RunEnded):
        click.echo(f"its process is gone; go on with: loopwright resume {rundir.id}", err=True)
