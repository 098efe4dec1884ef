"""The limit options, the same for `run`, `fork` and `resume`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from loopwright.record import Limits

__all__ = ["inherited_silence_options", "limit_options", "limits_from", "silence_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_COUNT = click.IntRange(min=1)


def limit_options(command: _Command) -> _Command:
    """`--max-parts`, `--max-turns`, `--max-cost`, `--max-tokens`, `--max-seconds`."""
    for option in reversed(
        (
            click.option("--max-parts", type=_COUNT, help="End after this many parts. [default: the task's, or 1000]"),
            click.option("--max-turns", type=_COUNT, help="End after this many turns."),
            click.option(
                "--max-cost", type=click.FloatRange(min=0.0), help="End when this much (US dollars) is spent."
            ),
            click.option("--max-tokens", type=_COUNT, help="End when this many tokens are used."),
            click.option("--max-seconds", type=click.FloatRange(min=1.0), help="End after this much time."),
        )
    ):
        command = option(command)
    return command


def silence_options(command: _Command) -> _Command:
    """`--max-silence`, `--on-silence`."""
    longest = click.option(
        "--max-silence",
        type=click.FloatRange(min=1.0),
        default=900.0,
        show_default=True,
        help="Seconds without a sign of life of the agent that interrupt its turn; four times as many while a tool "
        "or a call of the model is running.",
    )
    policy = click.option(
        "--on-silence",
        type=click.Choice(["retry", "end"]),
        default="retry",
        show_default=True,
        help="What follows: prompt the agent again, once, or end the run.",
    )
    return longest(policy(command))


def inherited_silence_options(command: _Command) -> _Command:
    """The same for `fork`, where the default is what the other run had."""
    longest = click.option(
        "--max-silence",
        type=click.FloatRange(min=1.0),
        help="Seconds without a sign of life of the agent that interrupt its turn. [default: the same]",
    )
    policy = click.option(
        "--on-silence",
        type=click.Choice(["retry", "end"]),
        help="What follows: prompt the agent again, once, or end the run. [default: the same]",
    )
    return longest(policy(command))


def limits_from(values: dict[str, Any]) -> Limits:
    """The limits that were typed; takes them out of `values`."""
    from loopwright.record import Limits

    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise click.BadParameter(f"{value} is no limit.", param_hint=f"--{name.replace('_', '-')}")
    typed = {name: values.pop(name) for name in Limits.__struct_fields__}
    return Limits(**typed)
