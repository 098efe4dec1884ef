"""`loopwright fork`: a new trajectory from a part of another one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loopwright.cli._common import run_argument, run_of
from loopwright.cli._limits import inherited_silence_options, limit_options, limits_from
from loopwright.cli.run import absolute

if TYPE_CHECKING:
    from loopwright.record import RunDir
    from loopwright.trajectory import RunOptions

__all__ = ["fork"]


@click.command()
@run_argument
@click.option("--part", type=click.IntRange(min=0), help="After this part; 0 is the start. [default: the last one]")
@click.option("--agent", help="Another agent. [default: the same]")
@click.option("--model", help="Another model. [default: the same]")
@click.option("--task", type=click.Path(path_type=Path), help="Another task, on the same files. [default: the same]")
@click.option("--sandbox", help="bwrap; host (no isolation); strongest. [default: the same]")
@click.option("--store", help="Where artifacts go: a folder or s3://BUCKET/PREFIX. [default: the same]")
@click.option("--trajectory-id", help="The id of the new run. [default: a random one]")
@click.option("--detach", is_flag=True, help="Run in the background; see `status`, `logs -f`, `attach`.")
@click.option("--plain", is_flag=True, help="A line for each event, even in a terminal.")
@limit_options
@inherited_silence_options
def fork(run_id: str, part: int | None, detach: bool, plain: bool, **values: Any) -> int:
    """Start a new run with the files of another one after a part, and the conversation up to it.

    The same agent goes on where it was; another one gets a transcript in its first prompt. The other run is only
    read. Limits are those of the other run at that part, unless they are named here or the task is another one; they
    count from here.
    """
    parent = run_of(run_id)
    options = _options(parent, values)
    if detach:
        from loopwright.cli._detach import fork_detached

        return fork_detached(parent, part, options)
    from loopwright.cli._foreground import fork_here

    return fork_here(parent, part, options, plain=plain)


def _options(parent: RunDir, values: dict[str, Any]) -> RunOptions:
    from loopwright.trajectory import DEFAULT_MAX_SILENCE, RunOptions, started_event

    begun = started_event(parent)
    limits = limits_from(values)
    agent = values.pop("agent") or begun.agent
    model, store = values.pop("model"), values.pop("store")
    silence, policy = values.pop("max_silence"), values.pop("on_silence")
    return RunOptions(
        task=(values.pop("task") or Path(begun.task_path)).absolute(),
        agent=absolute(agent, "native:") if agent.startswith("native:") else agent,
        model=absolute(model, "scripted:") if model else begun.model,
        sandbox=values.pop("sandbox") or begun.sandbox,
        store=absolute(store) if store else begun.store or None,
        home=parent.home,
        limits=limits,
        max_silence=silence or begun.options.get("max_silence", DEFAULT_MAX_SILENCE),
        on_silence=policy or begun.options.get("on_silence", "retry"),
        max_replies=begun.options.get("max_replies"),
        **values,
    )
