"""The `loopwright` command: what there is, and how an error becomes a sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import click

from loopwright.base import LoopwrightError, MachineError, UsageError, nearest, printable
from loopwright.cli._leaving import DISK_FULL, flush, leave

__all__ = ["INTERRUPTED", "cli", "entry", "run_command"]

INTERRUPTED = 130

# Command -> module and attribute, and the line that `--help` shows; nothing of it is imported before it is used.
_COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run:run", "Run an agent on a task, and record everything."),
    "agent": ("agent:agent", "Run an agent that a profile describes, and get its result as a patch."),
    "list": ("runs:list_", "List the runs, newest first."),
    "status": ("runs:status", "Say how a run is doing now."),
    "show": ("runs:show", "Show a run, or one part of it."),
    "logs": ("watch:logs", "Print what happened, a line for each event."),
    "attach": ("watch:attach", "Watch a run that goes on elsewhere."),
    "stop": ("control:stop", "End a run that goes on, with a complete record."),
    "resume": ("control:resume", "Go on with a run that was cut off or ended early."),
    "steer": ("control:steer", "Tell the agent of a running run something."),
    "limit": ("control:limit", "Change the limits of a running run."),
    "fork": ("fork:fork", "Start a new run from a part of another."),
    "agents": ("agents:agents", "List, check and install the real agents' programs."),
    "config": ("config:config", "Check, explain, preview and migrate profiles of our own agent."),
    "graph": ("graph:graph", "Draw the progress of a run as PNG, HTML and JSON."),
    "checkout": ("files:checkout", "Get the files of a run as they were after a part."),
    "diff": ("files:diff", "Compare the files after two parts."),
    "replay": ("replay:replay", "Grade every checkpoint of a run again, offline."),
    "test": ("test:test", "Run a task's tests on a folder, by hand."),
    "verify": ("check:verify", "Check a run's record against itself."),
    "recover": ("check:recover", "Repair a run's record after a crash or damage."),
    "doctor": ("check:doctor", "Say what this machine can do, and how to get more."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported one at a time, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(f"loopwright.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], list(_COMMANDS))
            remedy = f"Did you mean {close}?" if close else "Type: loopwright --help"
            raise UsageError(f"There is no command {args[0]!r}.", remedy=remedy)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="loopwright", message="%(prog)s %(version)s")
def cli() -> None:
    """Run coding agents in loops, record everything, and trust what you see.

    Runs are kept in $LOOPWRIGHT_HOME, by default ./.loopwright. A run is named by its id, by the beginning of its
    id, or by `latest`.

    Exit codes: 0 done; 1 ended without reaching the goal; 2 wrong use or configuration; 3 this machine lacks
    something; 130 interrupted.
    """


def entry() -> NoReturn:
    """Run `loopwright` and exit."""
    run_command(lambda: cli.main(standalone_mode=False, prog_name="loopwright"))


def run_command(command: Callable[[], Any]) -> NoReturn:
    """Call a click command and exit with its code; errors become sentences on standard error."""
    try:
        code = _called(command)
        flush()
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        print_error(MachineError(f"not everything could be written: {error.strerror}", where=error.filename))
        code = MachineError.exit_code
    leave(code)


def _called(command: Callable[[], Any]) -> int:
    try:
        result = command()
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        print_error(_in_our_words(error))
        return error.exit_code
    except LoopwrightError as error:
        print_error(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except SystemExit as exit_:
        # click turns a closed pipe into exit code 1; whoever read our output (head, less) has only had enough.
        return 0 if type(sys.stdout).__name__ == "PacifyFlushWrapper" else int(exit_.code or 0)
    return result if isinstance(result, int) else 0


def _in_our_words(error: click.ClickException) -> LoopwrightError:
    """What click says of a flag or an argument, and the command that tells the right ones."""
    what = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    stop = "" if what.endswith((".", "?")) else "."
    return UsageError(f"{what}{stop}", remedy=f"Type: {context.command_path} --help" if context else None)


def print_error(error: LoopwrightError) -> None:
    """Say where something is wrong, what, and what to do, as compilers do and `str(error)` does."""
    place = f"{error.where}: " if error.where else ""
    click.echo(printable(f"error: {place}{error.what}"), err=True)
    if error.remedy:
        click.echo(printable(f"       {error.remedy}"), err=True)
