"""`modes`, `loop`, `concurrency` and `completion`: what happens when, and when it is over.

The seed says "turn" for one reply of the model. Its key names are kept; this documentation says reply where a reply
is meant, and turn for one prompt with all that the agent does until it yields.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from loopwright.runtime.config.schema._section import Condition, Means, ModeName, Section, Tool, ToolGlob, defaults

__all__ = ["Completion", "Concurrency", "Loop", "Mode", "SequenceItem", "TurnStrategy"]


class Exit(Section):
    """When a mode is over."""

    when: tuple[Condition, ...] = ()


class Mode(Section):
    """A way of working: a prompt, and the tools that may run in it. Tools are gated where they are executed."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    prompt: Annotated[str, Means("text")] | None = None
    tools_enabled: tuple[ToolGlob, ...] | None = None
    tools_disabled: tuple[ToolGlob, ...] = ()
    exit: Exit = defaults()
    max_turns: int | None = Field(default=None, ge=1)


def _as_items(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


class SequenceItem(Section):
    """`{mode: NAME}`, or `{if: CONDITION, then: ...}`, or `{while: CONDITION, do: ...}`."""

    mode: ModeName | None = None
    if_: Condition | None = Field(default=None, alias="if")
    then: Annotated[tuple[SequenceItem, ...], BeforeValidator(_as_items)] = ()
    while_: Condition | None = Field(default=None, alias="while")
    do: Annotated[tuple[SequenceItem, ...], BeforeValidator(_as_items)] = ()

    @model_validator(mode="after")
    def _is_one_of_three(self) -> SequenceItem:
        said = (self.mode is not None, self.if_ is not None, bool(self.then), self.while_ is not None, bool(self.do))
        if said not in {(True, *[False] * 4), (False, True, True, False, False), (False, False, False, True, True)}:
            raise ValueError("an item is `mode`, or `if` with `then`, or `while` with `do`")
        return self


class TurnStrategy(Section):
    """How replies and the results of their calls become messages."""

    relay: Literal["tool_role", "user_message"] = "tool_role"
    flow: Literal["user_interleaved", "assistant_continuation"] = "user_interleaved"
    tool_result_injection: Literal["full", "summarize", "none"] = "full"
    allow_multiple_per_turn: bool = True


class Limits(Section):
    """Limits of one run of this agent, besides those that the command line sets. The run ends with the limit's name."""

    turns: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    cost: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0)


class Stuck(Section):
    """What to do when the agent goes round in circles."""

    enabled: bool = True
    window: int = Field(default=20, ge=4, le=1000)
    nudge: bool = True


class Loop(Section):
    """What happens when."""

    sequence: tuple[SequenceItem, ...] = ()
    plan_turn_limit: int | None = Field(default=None, ge=1)
    turn_strategy: TurnStrategy = defaults()
    limits: Limits = defaults()
    stuck: Stuck = defaults()


class Group(Section):
    """Tools that share a limit."""

    name: str = Field(min_length=1)
    match_tools: tuple[ToolGlob, ...] = Field(min_length=1)
    max_parallel: int | None = Field(default=None, ge=1)
    barrier_after: ToolGlob | None = None


class Concurrency(Section):
    """Which calls of one reply run at the same time. Results come in the order of the calls."""

    policy: Literal["resources", "seed"] = "resources"
    max_parallel: int = Field(default=4, ge=1, le=64)
    groups: tuple[Group, ...] = ()
    nonblocking_tools: tuple[ToolGlob, ...] = ()
    at_most_one_of: tuple[ToolGlob, ...] = ()


class NaturalFinish(Section):
    """Replies without a call, as a sign that the work is over."""

    no_tool_turns_threshold: int = Field(default=1, ge=1)
    idle_turn_limit: int | None = Field(default=None, ge=1)


class Completion(Section):
    """When the agent yields. Finished is not succeeded: that is what tests say.

    A sign has a confidence: a call of the finishing tool 1.0, a sentinel on a line of its own 0.9, natural finish 0.7,
    the provider's stop reason 0.6. Each decision is recorded with its evidence.
    """

    primary: Literal["tool", "sentinel", "provider", "natural", "hybrid"] = "hybrid"
    tool_finish: Tool | None = "finish"
    text_sentinels: tuple[str, ...] = ()
    provider_signals: bool = False
    natural_finish: NaturalFinish = defaults()
    confidence_threshold: float = Field(default=0.6, ge=0, le=1)
