"""What several commands share: finding a run, reading its trace, printing JSON."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from loopwright.base import UsageError, collector_paused

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from loopwright.record import Payload, RunDir, Trace

__all__ = [
    "as_json",
    "console",
    "json_option",
    "output_folder",
    "print_json",
    "print_view",
    "results_of",
    "run_argument",
    "run_of",
    "trace_of",
    "writing",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def json_option(command: _Command) -> _Command:
    """`--json`: print the answer as JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")(command)


def run_argument(command: _Command) -> _Command:
    """The ID argument of a command that is about one run."""
    return click.argument("run_id", metavar="ID", shell_complete=_ids)(command)


def _ids(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """For the completion of the shell: the runs, newest first, that a word could become."""
    from loopwright.record import home_folder, list_runs

    return [name for name in ("latest", *(run.id for run in list_runs(home_folder()))) if name.startswith(begun)]


def run_of(text: str) -> RunDir:
    """The run that a person means.

    Raises:
        UsageError: There is none, or more than one.
    """
    from loopwright.record import find_run, home_folder

    return find_run(home_folder(), text)


def trace_of(rundir: RunDir) -> Trace:
    """The trace of a run, folded from its journal as it is now.

    Raises:
        UsageError: The run had not begun.
    """
    from loopwright.record import fold, read_events
    from loopwright.trajectory import started_event

    started_event(rundir)
    with collector_paused():
        return fold(event for _, event in read_events(rundir.journal))


def results_of(rundir: RunDir) -> Callable[[Payload], Any]:
    """Reads the case results of a grade, by value or from the run's blobs."""
    from loopwright.record import BlobStore

    return BlobStore(rundir.blobs_folder).value


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn what the system says about a place that a person named into a sentence with a remedy.

    Raises:
        UsageError: Nothing can be written there.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(
            f"This cannot be written: {reason}.", where=str(where), remedy="Name another place with --output."
        ) from error


def output_folder(folder: Path) -> None:
    """Make a folder for results, and find out whether files can be made in it.

    Raises:
        UsageError: They cannot.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".check-")
        os.close(handle)
        Path(name).unlink()


def as_json(value: Any) -> str:
    """Any record as indented JSON."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def print_json(value: Any) -> None:
    """Print a record as JSON on standard output."""
    click.echo(as_json(value))


def print_view(view: RenderableType) -> None:
    """Print something of `loopwright.view`; a line that it does not break is not cut either."""
    from rich.console import Group

    # A text alone would lose what it says about wrapping: rich joins it with what else is printed.
    console().print(Group(view), crop=False)


def console() -> Console:
    """Standard output for people; plain where it is no terminal, without colour where NO_COLOR is set."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 120
    return Console(width=wide, soft_wrap=not sys.stdout.isatty(), highlight=False)
