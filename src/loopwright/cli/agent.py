"""`loopwright agent`: one of our own agents, described by a profile, on one task, with the result as a patch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loopwright.base import UsageError, printable
from loopwright.cli._common import json_option

if TYPE_CHECKING:
    from loopwright.runtime.config import LoadedConfig
    from loopwright.trajectory import RunOptions

__all__ = ["agent"]

_path = click.Path(path_type=Path)


@click.command()
@click.argument("config", type=_path)
@click.option("--task", type=_path, required=True, help="A task folder or its instruction; or any text file.")
@click.option("-m", "--max-replies", type=click.IntRange(min=1), help="End after so many replies of the model.")
@click.option("--model", help="As for `run`.  [default: the profile's default_model]")
@click.option("-w", "--workspace", type=_path, help="Work on a copy of this folder.")
@click.option("--sandbox", help="bwrap; host (no isolation).  [default: the profile's]")
@click.option("-i", "--interactive", is_flag=True, help="Read the next instruction from the terminal after each turn.")
@click.option("--apply", "wanted", is_flag=True, help="Bring the result into --workspace, where it is as it was.")
@click.option("--plain", is_flag=True, help="A line for each event, even in a terminal.")
@json_option
def agent(config: Path, wanted: bool, interactive: bool, plain: bool, as_json: bool, **values: Any) -> int:
    """Run the agent that the profile CONFIG describes on a task.

    Your files are never touched: it works in a copy, and the result is a patch, which --apply brings into your folder.
    With --task FILE.md, an instruction of your own, nothing is tested; the run ends when the agent yields.

    Ends with exit code 0 where the task is solved (or, without tests, where the agent says that it is done), else 1.
    """
    from loopwright.cli._agent_run import run_agent
    from loopwright.runtime.config import load_config

    profile = load_config(config)
    for notice in profile.notices:
        click.echo(printable(f"notice: {notice}"), err=True)
    options = _options(profile, values)
    if wanted and options.files is None:
        raise UsageError("there is no folder to bring the result into", where="--apply", remedy="Add --workspace DIR.")
    how = {"interactive": interactive, "plain": plain or interactive, "as_json": as_json, "apply": wanted}
    return run_agent(profile.config, options, **how)


def _options(profile: LoadedConfig, values: dict[str, Any]) -> RunOptions:
    from loopwright.cli.run import absolute
    from loopwright.record import home_folder
    from loopwright.trajectory import RunOptions

    task = values["task"].absolute()
    return RunOptions(
        task=task,
        agent=f"native:{profile.path}",
        model=absolute(values["model"] or profile.config.providers.default_model, "scripted:"),
        home=home_folder(),
        sandbox=values["sandbox"] or "",
        files=_files(profile, task, values["workspace"]),
        max_replies=values["max_replies"],
    )


def _files(profile: LoadedConfig, task: Path, workspace: Path | None) -> Path | None:
    """What the work begins with: the folder that was named; else the task's files; else the profile's root."""
    from loopwright.trajectory import check_source

    if workspace is not None:
        _check_mirror(profile, workspace)
        return check_source(workspace)
    folder = task if task.is_dir() else task.parent
    root = profile.config.workspace.root
    own = (folder / "task.toml").is_file() and (folder / "files").is_dir()
    return None if own or root is None else check_source(root)


def _check_mirror(profile: LoadedConfig, workspace: Path) -> None:
    """The visible copy must not be among the files that are copied: it would grow by itself from run to run."""
    settings = profile.config.workspace
    if settings.copied_from(workspace):
        raise UsageError(
            f"the mirror {settings.mirror.path} lies in the workspace: each run would copy the copy of the one before",
            where="workspace.mirror.path",
            remedy="Name a folder elsewhere in the profile.",
        )
