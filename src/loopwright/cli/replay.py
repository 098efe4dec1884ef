"""`loopwright replay`: grade the checkpoints of a run again, or get one out, without the run's machine."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import anyio
import click

from loopwright.base import UsageError, atomic_write
from loopwright.cli._common import as_json as json_text
from loopwright.cli._common import json_option, output_folder, writing
from loopwright.cli.app import run_command

if TYPE_CHECKING:
    from loopwright.bench import CommitResult, Recorded, ReplayReport
    from loopwright.harness import Task

__all__ = ["offline_replay", "replay"]

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("run_id", metavar="[ID]", required=False)
@click.option("--store", help="Take the run from this store (a folder or s3://BUCKET/PREFIX), not from the home.")
@click.option("--trace", type=_FILE, help="Take it from this agent_trace.json ...")
@click.option("--bundle", type=_FILE, help="... and this repo.bundle.")
@click.option("--task", type=_FILE, help="The task folder. [default: the one that the trace names]")
@click.option("--part", type=click.IntRange(min=0), help="Only the checkpoint of this part.")
@click.option("--checkout-part", type=_FILE, metavar="FOLDER", help="Put the files of --part there; grade nothing.")
@click.option("--test-path", multiple=True, help="Only these tests; may be repeated.")
@click.option("--sandbox", help="bwrap or host. [default: bwrap]", default="bwrap")
@click.option("--output", type=_FILE, help="Where the report goes. [default: output/replay_<id>.json]")
@click.option("--fresh", is_flag=True, help="Run everything again, whatever the cache knows.")
@json_option
def replay(run_id: str | None, as_json: bool, **options: Any) -> int:
    """Grade every distinct checkpoint of a run again, offline, from its trace and bundle.

    Ends with exit code 0 where the results agree with what the run recorded, 1 where they do not.
    """
    with _source(run_id, options) as recorded:
        if options["checkout_part"] is not None:
            return _checkout(recorded, options["part"], options["checkout_part"], as_json)
        path = _report_path(options["output"], recorded.trace.trajectory_id)
        report = _grade(recorded, options, quiet=as_json)
    with writing(path):
        atomic_write(path, json_text(report).encode() + b"\n")
    disagree = [result for result in report.commit_evaluations.values() if result.disagrees]
    click.echo(json_text(report) if as_json else _closing(report, path))
    return 1 if disagree else 0


def _report_path(named: Path | None, trajectory_id: str) -> Path:
    """Where the report goes; found out before hours of grading, not after."""
    path = named or Path("output") / f"replay_{trajectory_id}.json"
    if path.is_dir():
        raise UsageError("The report is one file; this is a folder.", where=str(path), remedy="Name a file in it.")
    output_folder(path.parent)
    return path


def _source(run_id: str | None, options: dict[str, Any]) -> AbstractContextManager[Recorded]:
    from loopwright.bench import from_files, from_run, from_store
    from loopwright.record import find_run, home_folder, open_store

    trace, bundle = options["trace"], options["bundle"]
    if (trace is None) != (bundle is None):
        raise UsageError("--trace and --bundle belong together.", remedy="Name both files, or an ID.")
    if trace is not None:
        return from_files(trace, bundle)
    if run_id is None:
        raise UsageError("Which run?", remedy="Type: loopwright replay ID, or name --trace and --bundle.")
    if options["store"] is not None:
        store = open_store(options["store"])
        store.check()
        return from_store(store, run_id)
    return from_run(find_run(home_folder(), run_id))


def _checkout(recorded: Recorded, part: int | None, folder: Path, as_json: bool) -> int:
    from loopwright.checkpoint import clone_at
    from loopwright.cli.files import commit_after

    if part is None:
        raise UsageError("Which part?", where="--checkout-part", remedy="Name it with --part.")
    commit = commit_after(recorded.trace, part)
    clone_at(recorded.repo, commit, folder)
    facts = {"trajectory_id": recorded.trace.trajectory_id, "part": part, "commit": commit, "repo_path": str(folder)}
    click.echo(json_text(facts) if as_json else f"{folder} holds the files after part {part} (commit {commit[:12]})")
    return 0


def _grade(recorded: Recorded, options: dict[str, Any], *, quiet: bool) -> ReplayReport:
    from loopwright.bench import Replay
    from loopwright.harness import Grader
    from loopwright.record import home_folder
    from loopwright.sandbox import require

    if options["sandbox"] != "host":
        require(options["sandbox"])
    task = _task(recorded, options["task"])
    cache = None if options["fresh"] else home_folder() / "cache" / "grades"
    job = Replay(recorded, Grader(task, backend=options["sandbox"], cache=cache), options["test_path"])

    def tell(result: CommitResult) -> None:
        if not quiet:
            click.echo(_line(result))

    return anyio.run(job.run, tell, options["part"])


def _task(recorded: Recorded, named: Path | None) -> Task:
    from loopwright.harness import load_task

    task = load_task(named or Path(recorded.trace.task_path))
    if named is None and task.digest != recorded.trace.task_digest:
        raise UsageError(
            "The task has changed since the run, so its results could not be compared.",
            where=recorded.trace.task_path,
            remedy="Bring it back, or name a folder with --task to grade with what is there.",
        )
    return task


def _line(result: CommitResult) -> str:
    known = " (known)" if result.cached else f" {result.duration_ms / 1000:.1f} s"
    agrees = "" if not result.recorded else "  as recorded" if not result.disagrees else "  DIFFERS: "
    return (
        f"part {result.first_part:>4}  {result.commit[:12]}  {result.passed:>4}/{result.total}{known}"
        f"{agrees}{'; '.join(result.disagrees)}{'  ' + result.error.splitlines()[0] if result.error else ''}"
    )


def _closing(report: ReplayReport, path: Path) -> str:
    checked = sum(result.recorded for result in report.commit_evaluations.values())
    wrong = sum(len(result.disagrees) for result in report.commit_evaluations.values())
    return (
        f"{report.commits_evaluated} checkpoints graded; {checked - wrong} of {checked} recorded grades agree\n{path}"
    )


def offline_replay() -> NoReturn:
    """`offline_replay.py`: the same as `loopwright replay`."""
    run_command(lambda: replay.main(standalone_mode=False, prog_name="offline_replay.py"))
