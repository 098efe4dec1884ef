"""`loopwright agents list|check|install`: which agents can run here, and getting their programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loopwright.base import printable
from loopwright.cli._common import json_option, print_json

if TYPE_CHECKING:
    from loopwright.agents import AgentCheck

__all__ = ["agents"]

_ANY = "acp"


@click.group()
def agents() -> None:
    """Say which agents can run here, and install their programs."""


@agents.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the agents, with versions and what is missing.

    Of each: where it was found, its version, what is missing, and how to use it with a real model.
    """
    from loopwright.agents.registry import agent_names

    found = [(name, _check(name)) for name in agent_names()]
    if as_json:
        print_json([_facts(name, check) for name, check in found])
        return
    for name, check in found:
        _tell(name, check)


@agents.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@json_option
def check(names: tuple[str, ...], as_json: bool) -> int:
    """Check that agents can run here.

    Ends with exit code 0 where all of them can, 3 where one cannot.
    """
    found = [(name, _check(name)) for name in names]
    if as_json:
        print_json([_facts(name, check) for name, check in found])
    else:
        for name, one in found:
            _tell(name, one)
    return 0 if all(one.ok for _, one in found) else 3


@agents.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def install(names: tuple[str, ...]) -> None:
    """Install the pinned versions of agents' programs.

    Once for all runs: codex, claude, opencode.

    They go into $LOOPWRIGHT_AGENTS, by default loopwright/agents in the user's data folder.
    """
    from loopwright.agents.programs import install as install_program
    from loopwright.agents.programs import release_of

    for name in names:
        release_of(name)
    for name in names:
        install_program(name, lambda text: click.echo(printable(text)))


def _check(name: str) -> AgentCheck:
    from loopwright.agents import AgentCheck, make_agent
    from loopwright.agents.programs import RELEASES, check_program

    if name in RELEASES:
        return check_program(name)
    if name == _ANY:
        return AgentCheck(ok=True, version="", detail="any command that speaks ACP: --agent 'acp:COMMAND ARGS'")
    return make_agent(name).check()


def _facts(name: str, check: AgentCheck) -> dict[str, object]:
    from loopwright.agents.programs import RELEASES

    release = RELEASES.get(name)
    return {
        "name": name,
        "ok": check.ok,
        "version": check.version,
        "path": check.path,
        "detail": check.detail,
        "warning": check.warning,
        "remedy": check.remedy,
        "tested": list(release.tested) if release else [],
        "minimum": release.minimum if release else "",
        "log_in": release.log_in if release else "",
    }


def _tell(name: str, check: AgentCheck) -> None:
    facts = _facts(name, check)
    tested, log_in = facts["tested"], facts["log_in"]
    sign = "ok  " if check.ok else "none"
    lines = [f"{sign}  {name:<10} {check.version:<10} {check.detail}".rstrip()]
    lines += [f"                 {check.path}"] if check.path else []
    lines += [f"                 tested: {', '.join(tested)}"] if isinstance(tested, list) and tested else []
    lines += [f"                 with a real model: {log_in}"] if log_in else []
    lines += [f"                 warning: {check.warning}"] if check.warning else []
    lines += [f"                 {check.remedy}"] if check.remedy and not check.ok else []
    for line in lines:
        click.echo(printable(line))
