"""`loopwright list`, `status` and `show`: reading runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from loopwright.base import MachineError, UsageError, printable
from loopwright.cli._common import json_option, print_json, print_view, results_of, run_argument, run_of, trace_of
from loopwright.cli._content import with_content
from loopwright.trajectory import started_event

if TYPE_CHECKING:
    from loopwright.record import RunDir, Summary, Trace, TracePart, Writer

__all__ = ["list_", "show", "status"]


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the runs of this home, newest first."""
    from loopwright.record import home_folder, list_runs

    home = home_folder()
    found = [standing for rundir in list_runs(home) if (standing := _standing_or_damage(rundir)) is not None]
    if as_json:
        print_json([standing.facts() for standing in found])
    elif not found:
        click.echo(f"There are no runs in {home}. Type: loopwright run --help")
    else:
        _print_list(found)


def _print_list(found: list[_Standing | _Damaged]) -> None:
    from loopwright.view import runs_table

    sound = [standing for standing in found if isinstance(standing, _Standing)]
    if sound:
        running = [standing.summary.id for standing in sound if standing.writer]
        print_view(runs_table([standing.summary for standing in sound], running=running))
    for damaged in found:
        if isinstance(damaged, _Damaged):
            click.echo(printable(f"{damaged.id}  damaged: {damaged.what} See: loopwright verify {damaged.id}"))


class _Standing(NamedTuple):
    """A run in short, and who works on it."""

    summary: Summary
    writer: Writer | None

    def facts(self) -> dict[str, Any]:
        """For `--json`: the summary with `status` running, ended or interrupted, and the process."""
        import msgspec

        ended = "ended" if self.summary.reason else "interrupted"
        facts: dict[str, Any] = msgspec.to_builtins(self.summary)
        return {**facts, "status": "running" if self.writer else ended, "pid": self.writer and self.writer.pid}


class _Damaged(NamedTuple):
    """A run whose record cannot be read."""

    id: str
    what: str

    def facts(self) -> dict[str, Any]:
        """For `--json`."""
        return {"id": self.id, "status": "damaged", "detail": self.what}


def _standing_or_damage(rundir: RunDir) -> _Standing | _Damaged | None:
    """How a run stands; one that cannot be read must not hide the others."""
    try:
        return _standing(rundir)
    except MachineError as error:
        return _Damaged(rundir.id, error.what)
    except OSError as error:
        return _Damaged(rundir.id, f"The record cannot be read: {error.strerror}.")


def _standing(rundir: RunDir) -> _Standing | None:
    """How a run stands; None where it had not begun. Folds the journal where the summary is not of now."""
    from loopwright.record import first_event, read_summary, summarize, writer_of

    writer = writer_of(rundir)
    summary = read_summary(rundir) if writer is None else None
    if summary is None:
        if not rundir.journal.exists() or first_event(rundir.journal) is None:
            return None
        summary = summarize(trace_of(rundir))
    return _Standing(summary, writer)


@click.command()
@run_argument
@json_option
def status(run_id: str, as_json: bool) -> None:
    """Say how a run is doing now."""
    from loopwright.record import read_tail, short_id

    rundir = run_of(run_id)
    first, standing = started_event(rundir), _standing(rundir)
    if standing is None:
        raise UsageError(f"The run {rundir.id} had not begun when its process ended.")
    if as_json:
        print_json(standing.facts())
        return
    from loopwright.view import status_view

    writer = standing.writer
    newest = [getattr(event, "timestamp", first.started_at) for _, event in read_tail(rundir.journal, 1)]
    view = status_view(
        standing.summary,
        standing.summary.limits,
        running=writer is not None,
        pid=writer.pid if writer else None,
        last_event_at=newest[0] if newest else None,
        detail=_end_detail(rundir),
        now=datetime.now(UTC),
    )
    print_view(view)
    if writer is None and standing.summary.reason is None:
        click.echo(f"Its process is gone. Go on with: loopwright resume {short_id(rundir.id)}")


def _end_detail(rundir: RunDir) -> str:
    """Why the run ended, in words; empty while it goes on."""
    from loopwright.record import RunEnded, read_tail

    ends = [event.detail for _, event in read_tail(rundir.journal, 5) if isinstance(event, RunEnded)]
    return ends[-1] if ends else ""


@click.command()
@run_argument
@click.option("--part", type=click.IntRange(min=1), help="Show this part in full.")
@click.option(
    "--full", is_flag=True, help="Do not shorten long texts; with --json, give them instead of the digests of blobs."
)
@json_option
def show(run_id: str, part: int | None, full: bool, as_json: bool) -> None:
    """Show a run, or one part of it."""
    from loopwright.record import writer_of
    from loopwright.view import part_view, run_view

    rundir = run_of(run_id)
    trace = trace_of(rundir)
    if as_json:
        shown = trace if part is None else part_of(trace, part)
        print_json(with_content(shown, results_of(rundir)) if full else shown)
    elif part is None:
        print_view(run_view(trace, running=writer_of(rundir) is not None))
    else:
        print_view(part_view(trace, part, results_of(rundir), full=full))


def part_of(trace: Trace, number: int) -> TracePart:
    """The part with this number.

    Raises:
        UsageError: The run has no such part.
    """
    if not 1 <= number <= len(trace.parts):
        raise UsageError(
            f"The run {trace.trajectory_id} has no part {number}.",
            remedy=f"Its parts are 1 to {len(trace.parts)}." if trace.parts else "It has no parts yet.",
        )
    return trace.parts[number - 1]
