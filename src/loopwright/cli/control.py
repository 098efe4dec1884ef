"""`loopwright stop` and `resume`: ending and continuing runs."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import click

from loopwright.base import LoopwrightError, UsageError
from loopwright.cli._common import json_option, print_json, run_argument, run_of
from loopwright.cli._limits import limit_options, limits_from

__all__ = ["resume", "stop"]


@click.command()
@run_argument
@click.option(
    "--wait", "seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds to wait."
)
@json_option
def stop(run_id: str, seconds: float, as_json: bool) -> None:
    """End a run that goes on; its record is complete when this returns."""
    from loopwright.record import writer_of
    from loopwright.trajectory import ControlRequest, ask

    rundir = run_of(run_id)
    writer = writer_of(rundir)
    if writer is None:
        raise UsageError(f"The run {rundir.id} is not running.", remedy=f"Type: loopwright status {rundir.id[:8]}")
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
@limit_options
def resume(run_id: str, plain: bool, **values: Any) -> int:
    """Go on with a run after its last recorded event.

    Limits that are given here replace the run's.
    """
    from loopwright.cli._foreground import resume_here

    return resume_here(run_of(run_id), limits_from(values), plain=plain)
