"""`loopwright verify`, `recover` and `doctor`: can the record, and this machine, be trusted?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loopwright.base import printable
from loopwright.cli._common import json_option, print_json, run_argument, run_of

if TYPE_CHECKING:
    from loopwright.record import RecoverReport

__all__ = ["doctor", "recover", "verify"]


@click.command()
@run_argument
@json_option
def verify(run_id: str, as_json: bool) -> int:
    """Check a run's record against itself; changes nothing.

    Ends with exit code 0 where the record is whole, 1 where it is not.
    """
    from loopwright.record import verify as check

    report = check(run_of(run_id))
    if as_json:
        print_json({"ok": report.ok, **{name: getattr(report, name) for name in report.__struct_fields__}})
        return 0 if report.ok else 1
    for problem in report.problems:
        click.echo(printable(f"{problem.severity}: {problem.where}: {problem.what}"))
        if problem.remedy:
            click.echo(printable(f"       {problem.remedy}"))
    counts = f"{report.events} events, {report.parts} parts, {report.blobs} blobs, {report.commits} commits"
    click.echo(f"{report.trajectory_id}: {'whole' if report.ok else 'NOT whole'} ({counts})")
    return 0 if report.ok else 1


@click.command()
@run_argument
@click.option("--salvage", is_flag=True, help="Keep what comes before damage in the middle; the rest is set aside.")
@json_option
def recover(run_id: str, salvage: bool, as_json: bool) -> None:
    """Repair a run's record after a crash or damage. Nothing is deleted."""
    from loopwright.record import recover as repair

    report = repair(run_of(run_id), salvage)
    if as_json:
        print_json(report)
    else:
        _tell_recovered(report)


def _tell_recovered(report: RecoverReport) -> None:
    click.echo(f"{report.kept_events} events kept")
    if report.torn_bytes:
        click.echo(f"{report.torn_bytes} bytes cut off the end: an event that was never acknowledged")
    if report.aside is not None:
        click.echo(printable(f"damage: {report.damage}"))
        kept = f"{report.aside_events} lines from there on are only in" if report.aside_events else "a copy as it is:"
        click.echo(f"{kept} {report.aside}")
    if report.rebuilt:
        click.echo("the derived files were written again")


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Say what this machine can do, and how to get more.

    Ends with exit code 0 where runs can be isolated, 3 where they cannot.
    """
    from loopwright.cli._doctor import findings

    found = findings()
    works = all(finding.works for finding in found if finding.needed)
    if as_json:
        print_json({"ok": works, "findings": found})
        return 0 if works else 3
    for finding in found:
        sign = "ok  " if finding.works else "need" if finding.needed else "none"
        click.echo(printable(f"{sign}  {finding.name:<12} {finding.detail}"))
        if finding.remedy and not finding.works:
            click.echo(printable(f"                   {finding.remedy}"))
    return 0 if works else 3
