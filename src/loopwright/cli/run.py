"""`loopwright run`: start a trajectory, here or in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loopwright.cli._limits import limit_options, limits_from, silence_options

if TYPE_CHECKING:
    from loopwright.trajectory import RunOptions

__all__ = ["absolute", "run"]

_SEED_TASK = Path("examples/c_compiler")


@click.command()
@click.option("--task", type=click.Path(path_type=Path), default=_SEED_TASK, show_default=True, help="The task folder.")
@click.option(
    "--agent",
    help="codex, claude, opencode, acp:COMMAND, native, or native:PROFILE. "
    "[default: codex; native where the model is scripted]",
)
@click.option(
    "--model", help="openai/NAME, anthropic/NAME, openrouter/NAME, http://HOST/v1#NAME, scripted:FILE, or recorded:ID."
)
@click.option("--sandbox", help="bwrap; host (no isolation); strongest. [default: the profile's, else bwrap]")
@click.option("--store", help="Where artifacts go: a folder or s3://BUCKET/PREFIX. [default: the runs' home]")
@click.option("--trajectory-id", help="The id of the new run. [default: a random one]")
@click.option("--detach", is_flag=True, help="Run in the background; see `status`, `logs -f`, `attach`.")
@click.option("--plain", is_flag=True, help="A line for each event, even in a terminal.")
@limit_options
@silence_options
def run(detach: bool, plain: bool, **values: Any) -> int:
    """Run an agent on a task, and record everything.

    Ends with exit code 0 where the task is solved, 1 where it is not.
    """
    options = _options(values)
    if detach:
        from loopwright.cli._detach import start_detached

        return start_detached(options)
    from loopwright.cli._foreground import run_here

    return run_here(options, plain=plain)


def _options(values: dict[str, Any]) -> RunOptions:
    from loopwright.record import home_folder
    from loopwright.trajectory import DEFAULT_AGENT, RunOptions

    limits = limits_from(values)
    model = absolute(values.pop("model") or "", "scripted:")
    store = values.pop("store")
    values["store"] = store and absolute(store)
    values["sandbox"] = values["sandbox"] or ""
    # A scripted model needs no CLI and no key, so the agent that is always here is the default for it.
    agent = values.pop("agent") or ("native" if model.startswith("scripted:") else DEFAULT_AGENT)
    agent = absolute(agent, "native:") if agent.startswith("native:") else agent
    return RunOptions(agent=agent, model=model, limits=limits, home=home_folder(), **values)


def absolute(text: str, scheme: str = "") -> str:
    """A path made absolute, since a run may be resumed from another folder; what is no path stays as it is."""
    if not text.startswith(scheme) or "://" in text or text == scheme:
        return text
    return scheme + str(Path(text.removeprefix(scheme)).expanduser().absolute())
