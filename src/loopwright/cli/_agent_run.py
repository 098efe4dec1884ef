"""The run behind `loopwright agent`, its conversation with a person, and what is said at its end."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

import click

from loopwright.base import LoopwrightError, printable
from loopwright.cli._common import print_json
from loopwright.cli._foreground import Looking, OnStart, exit_code, work
from loopwright.cli._result import Result, apply_result, write_result

if TYPE_CHECKING:
    from loopwright.record import RunDir, RunEnded
    from loopwright.runtime.config import AgentConfig
    from loopwright.trajectory import Plan, RunOptions

__all__ = ["run_agent"]

_MOST_SHOWN = 40
_LETTERS = {"added": "A", "modified": "M", "deleted": "D"}


def run_agent(
    config: AgentConfig, options: RunOptions, *, interactive: bool, plain: bool, as_json: bool, apply: bool
) -> int:
    """Run the agent to its end, write the patch, and apply it where that was asked for; returns the exit code.

    Raises:
        LoopwrightError: Something was wrong before the run began, or the result was not applied.
    """
    from loopwright.gateway import hold_keys
    from loopwright.trajectory import make_plan

    hold_keys()
    plan = make_plan(options)
    rundir, ended = _quietly(options, plan, interactive) if as_json else _shown(options, plan, interactive, plain)
    result = write_result(rundir, _run_folder(config, rundir))
    refused: LoopwrightError | None = None
    applied = False
    if apply:
        try:
            applied = apply_result(rundir, result, ended)
        except LoopwrightError as error:
            refused = error
    if as_json:
        print_json(result.facts(ended) | {"applied": applied})
    else:
        _tell(result, applied=applied)
    if refused is not None:
        raise refused
    return exit_code(ended)


def _shown(options: RunOptions, plan: Plan, interactive: bool, plain: bool) -> tuple[RunDir, RunEnded]:
    from loopwright.cli._asking import Person
    from loopwright.trajectory import start

    person = Person() if interactive else None
    found: list[tuple[RunDir, RunEnded]] = []

    async def go(look: Looking, begun: OnStart) -> tuple[RunDir, RunEnded]:
        listeners = [look.event, *([person.on_event] if person else [])]
        ask = person.ask if person else None
        found.append(await start(options, plan, listeners, begun, look.delta, ask=ask))
        return found[0]

    work(go, plain=plain, on_start=person.on_start if person else None)
    return found[0]


def _quietly(options: RunOptions, plan: Plan, interactive: bool) -> tuple[RunDir, RunEnded]:
    import anyio

    from loopwright.cli._asking import Person
    from loopwright.trajectory import start

    async def go() -> tuple[RunDir, RunEnded]:
        running: Awaitable[tuple[RunDir, RunEnded]]
        running = start(options, plan, ask=Person(silent=True).ask if interactive else None)
        return await running

    return anyio.run(go)


def _run_folder(config: AgentConfig, rundir: RunDir) -> str:
    """Where the conversation is kept; "" where the profile keeps none."""
    from loopwright.runtime.agent.keeping import run_folder

    return str(run_folder(config, rundir)) if config.logging.enabled else ""


def _tell(result: Result, *, applied: bool) -> None:
    if result.run_folder:
        click.echo(printable(f"conversation: {result.run_folder}/conversation/conversation.md"))
    if not result.changes:
        click.echo("no file was changed")
        return
    count = len(result.changes)
    click.echo(f"{count} changed file{'' if count == 1 else 's'}:")
    for change in result.changes[:_MOST_SHOWN]:
        click.echo(printable(f"  {_LETTERS[change.status]} {change.path}"))
    if count > _MOST_SHOWN:
        click.echo(f"  and {count - _MOST_SHOWN} more")
    for text in result.left_out:
        click.echo(printable(f"not in the patch: {text}"))
    click.echo(printable(f"patch: {result.patch}"))
    if applied:
        click.echo(printable(f"applied to {result.target}"))
    elif result.target:
        click.echo(printable(f"apply it with: {result.by_hand}"))
