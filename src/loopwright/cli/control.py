"""`loopwright stop`, `resume`, `steer` and `limit`: what people do to runs."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import click

from loopwright.base import LoopwrightError, UsageError
from loopwright.cli._common import json_option, print_json, run_argument, run_of
from loopwright.cli._limits import limit_options, limits_from

if TYPE_CHECKING:
    from loopwright.record import RunDir
    from loopwright.trajectory import ControlReply, ControlRequest

__all__ = ["limit", "resume", "steer", "stop"]

_PATIENCE_SECONDS = 15.0


@click.command()
@run_argument
@click.option(
    "--wait", "seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds to wait."
)
@json_option
def stop(run_id: str, seconds: float, as_json: bool) -> None:
    """End a run that goes on; its record is complete when this returns."""
    from loopwright.record import short_id, writer_of
    from loopwright.trajectory import ControlRequest, ask

    rundir = run_of(run_id)
    writer = writer_of(rundir)
    if writer is None:
        remedy = f"Type: loopwright status {short_id(rundir.id)}"
        raise UsageError(f"The run {rundir.id} is not running{_why(_ended(rundir))}.", remedy=remedy)
    reply = ask(rundir.control, ControlRequest(do="stop", source="loopwright stop"))
    if reply is None:
        os.kill(writer.pid, signal.SIGTERM)  # it is starting or finishing; its handler waits for the right moment
    deadline = time.monotonic() + seconds
    while writer_of(rundir) is not None:
        if time.monotonic() > deadline:
            raise LoopwrightError(
                f"The run {rundir.id} (process {writer.pid}) has not ended within {seconds:.0f} s.",
                remedy="It was asked to; wait longer with --wait, or kill the process: its record stays whole.",
            )
        time.sleep(0.05)
    if as_json:
        print_json({"id": rundir.id, "stopped": True})
    else:
        click.echo(f"stopped {rundir.id}")


@click.command()
@run_argument
@click.option("--plain", is_flag=True, help="A line for each event, even in a terminal.")
@click.option("--detach", is_flag=True, help="Go on in the background; see `status`, `logs -f`, `attach`.")
@limit_options
def resume(run_id: str, plain: bool, detach: bool, **values: Any) -> int:
    """Go on with a run after its last recorded event.

    Limits that are given here replace the run's.
    """
    rundir, limits = run_of(run_id), limits_from(values)
    if detach:
        from loopwright.cli._detach import resume_detached

        return resume_detached(rundir, limits)
    from loopwright.cli._foreground import resume_here

    return resume_here(rundir, limits, plain=plain)


@click.command()
@run_argument
@click.argument("text")
@json_option
def steer(run_id: str, text: str, as_json: bool) -> None:
    """Tell the agent of a running run something, in the middle of its work.

    Native, Codex, Claude Code and OpenCode hear it at once; an ACP agent, or one that is not in a turn, at the
    beginning of the next turn. What was said is in the record.
    """
    from loopwright.trajectory import ControlRequest

    rundir = run_of(run_id)
    if not text.strip():
        raise UsageError("There is nothing to tell.", remedy='Type: loopwright steer ID "what the agent should know"')
    reply = _asked(rundir, ControlRequest(do="steer", source="loopwright steer", text=text))
    delivered, _, why = reply.detail.partition(": ")
    if as_json:
        print_json({"id": rundir.id, "delivered": delivered, "detail": why})
    else:
        click.echo("told" if delivered == "now" else f"it will be told with its next prompt: {why}")


@click.command()
@run_argument
@limit_options
@json_option
def limit(run_id: str, as_json: bool, **values: Any) -> None:
    """Change the limits of a running run, at once; those that are not named stay."""
    import msgspec

    from loopwright.record import Limits
    from loopwright.trajectory import ControlRequest

    rundir, limits = run_of(run_id), limits_from(values)
    if limits == Limits():
        raise UsageError("No limit was named.", remedy="Type: loopwright limit ID --max-parts N")
    reply = _asked(rundir, ControlRequest(do="limit", source="loopwright limit", limits=limits))
    reached = reply.detail if reply.detail.endswith(" reached") else ""
    changed = {name: value for name, value in msgspec.structs.asdict(limits).items() if value is not None}
    if as_json:
        print_json({"id": rundir.id, "changed": changed, "detail": reached})
    else:
        from loopwright.view import limit_words

        if reached:
            click.echo(f"limits of {rundir.id} now include: {limit_words(limits)} ({reached}; the run ends)")
        else:
            whole = msgspec.json.decode(reply.detail, type=Limits)
            click.echo(f"limits of {rundir.id} are now: {limit_words(whole)}")


def _asked(rundir: RunDir, request: ControlRequest) -> ControlReply:
    """What the process that works on the run answers.

    Raises:
        UsageError: There is none, or it refuses.
        LoopwrightError: It does not answer.
    """
    from loopwright.record import writer_of
    from loopwright.trajectory import ask

    writer = writer_of(rundir)
    if writer is None:
        raise _not_running(rundir, request)
    reply = ask(rundir.control, request, _PATIENCE_SECONDS)
    if reply is None:
        raise LoopwrightError(
            f"The process {writer.pid} that works on {rundir.id} does not answer; it is starting or finishing.",
            remedy="Try again in a moment.",
        )
    if not reply.ok:
        raise UsageError(f"The run did not accept this: {reply.detail}.", where=rundir.id)
    return reply


def _not_running(rundir: RunDir, request: ControlRequest) -> UsageError:
    """What to type instead: a run that is solved cannot go on, but can be forked."""
    from loopwright.record import short_id

    short, ended = short_id(rundir.id), _ended(rundir)
    if ended == "solved":
        return UsageError(
            f"The run {rundir.id} is not running: it is solved.",
            remedy=f"To go on from one of its parts, type: loopwright fork {short} --part N",
        )
    options = " --max-parts N (or another limit)" if request.do == "limit" else ", and steer it then"
    return UsageError(
        f"The run {rundir.id} is not running{_why(ended)}.", remedy=f"Type: loopwright resume {short}{options}"
    )


def _why(ended: str) -> str:
    return f": it has ended ({ended.replace('_', ' ')})" if ended else ""


def _ended(rundir: RunDir) -> str:
    """Why the run ended; "" where its last process was killed."""
    from loopwright.record import RunEnded, read_tail

    last = max(read_tail(rundir.journal, 1), default=None, key=lambda pair: pair[0])
    return last[1].reason if last is not None and isinstance(last[1], RunEnded) else ""
