"""`loopwright checkout` and `diff`: the files of a run after any part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from loopwright.cli._common import json_option, print_json, print_view, run_argument, run_of, trace_of
from loopwright.cli.runs import part_of

if TYPE_CHECKING:
    from loopwright.record import Trace

__all__ = ["checkout", "commit_after", "diff"]


def commit_after(trace: Trace, part: int) -> str:
    """The commit that holds the files after a part; part 0 is the starting files."""
    return trace.initial_commit if part == 0 else part_of(trace, part).git_commit


@click.command()
@run_argument
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--part", type=click.IntRange(min=0), help="After this part; 0 is the start. [default: the last one]")
@json_option
def checkout(run_id: str, folder: Path, part: int | None, as_json: bool) -> None:
    """Get the files of a run as they were after a part, as a git repository in FOLDER.

    FOLDER must be empty or not exist. Every part's commit is there as a tag, parts/N.
    """
    from loopwright.checkpoint import clone_at

    rundir = run_of(run_id)
    trace = trace_of(rundir)
    number = len(trace.parts) if part is None else part
    commit = commit_after(trace, number)
    clone_at(rundir.repo, commit, folder)
    facts = {
        "trajectory_id": rundir.id,
        "session_id": trace.session_id,
        "part": number,
        "timestamp": trace.parts[number - 1].timestamp if number else trace.started_at,
        "commit": commit,
        "repo_path": str(folder.absolute()),
    }
    if as_json:
        print_json(facts)
    else:
        click.echo(f"{folder} holds the files after part {number} (commit {commit[:12]})")


@click.command()
@run_argument
@click.argument("first", type=click.IntRange(min=0))
@click.argument("second", type=click.IntRange(min=0))
@click.option("--stat", is_flag=True, help="Only which files changed, and how much.")
@json_option
def diff(run_id: str, first: int, second: int, stat: bool, as_json: bool) -> None:
    """Compare the files after part FIRST with those after part SECOND; 0 is the start."""
    from loopwright.checkpoint import changed_between
    from loopwright.checkpoint import diff as compare
    from loopwright.view import diff_view

    rundir = run_of(run_id)
    trace = trace_of(rundir)
    old, new = commit_after(trace, first), commit_after(trace, second)
    if as_json:
        files = changed_between(rundir.repo, old, new)
        print_json({"from": old, "to": new, "files": files, "diff": compare(rundir.repo, old, new)})
        return
    text = compare(rundir.repo, old, new, stat=stat)
    print_view(diff_view(text) if text else f"The files are the same after part {first} and part {second}.")
