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

from loopwright.base import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from loopwright.record import Payload, RunDir, Trace

__all__ = [
    "as_json",
    "console",
    "json_option",
    "output_folder",
    "print_json",
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
    return click.argument("run_id", metavar="ID")(command)


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


def console() -> Console:
    """Standard output for people; plain where it is no terminal, without colour where NO_COLOR is set."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 120
    return Console(width=wide, soft_wrap=not sys.stdout.isatty(), highlight=False)
