"""`modes`, `loop`, `concurrency` and `completion`: what happens when, and when it is over.

The seed says "turn" for one reply of the model. Its key names are kept; this documentation says reply where a reply
is meant, and turn for one prompt with all that the agent does until it yields.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from loopwright.runtime.config.schema._section import Globs, Section

__all__ = [
    "Completion",
    "Concurrency",
    "Exit",
    "Group",
    "Limits",
    "Loop",
    "Mode",
    "NaturalFinish",
    "SequenceItem",
    "Stuck",
    "TurnStrategy",
]


class Exit(Section):
    """When a mode is over."""

    when: tuple[str, ...] = ()
    """Conditions; the mode is left after a reply for which one of them holds."""


class Mode(Section):
    """A way of working: a prompt, and the tools that may run in it. Tools are gated where they are executed."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    """Its name."""
    prompt: str | None = None
    """A text of a pack, `@pack(NAME).KEY`; it is sent where the injection order says `mode_specific`."""
    tools_enabled: Globs | None = None
    """Ids of the tools that may run; not set: all; `[]`: none."""
    tools_disabled: Globs = ()
    """Ids of tools that may not run, whatever `tools_enabled` says."""
    exit: Exit = Exit()
    """When it is over."""
    max_turns: int | None = Field(default=None, ge=1)
    """Replies after which the mode is left."""


def _as_items(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


class SequenceItem(Section):
    """`{mode: NAME}`, or `{if: CONDITION, then: ...}`, or `{while: CONDITION, do: ...}`."""

    mode: str | None = None
    """Work in this mode until it is left."""
    if_: str | None = Field(default=None, alias="if")
    """A condition, asked once, when the sequence gets here."""
    then: Annotated[tuple[SequenceItem, ...], BeforeValidator(_as_items)] = ()
    """What follows where `if` holds: one item, or a list."""
    while_: str | None = Field(default=None, alias="while")
    """A condition, asked before each round."""
    do: Annotated[tuple[SequenceItem, ...], BeforeValidator(_as_items)] = ()
    """What is repeated while `while` holds: one item, or a list."""

    @model_validator(mode="after")
    def _is_one_of_three(self) -> SequenceItem:
        said = (self.mode is not None, self.if_ is not None, bool(self.then), self.while_ is not None, bool(self.do))
        if said not in {(True, *[False] * 4), (False, True, True, False, False), (False, False, False, True, True)}:
            raise ValueError("an item is `mode`, or `if` with `then`, or `while` with `do`")
        return self


class TurnStrategy(Section):
    """How replies and the results of their calls become messages."""

    relay: Literal["tool_role", "user_message"] = "tool_role"
    """Who speaks the results of native calls: the API's tool role, or the user."""
    flow: Literal["user_interleaved", "assistant_continuation"] = "user_interleaved"
    """Who speaks the results of calls written as text: the user, or (for study; it teaches to invent) the assistant."""
    tool_result_injection: Literal["full", "summarize", "none"] = "full"
    """How much of a result the model reads: all, its first line and size, or only whether it succeeded."""
    allow_multiple_per_turn: bool = True
    """Whether several calls of one reply run; off: the first runs, and the others are denied with this reason."""


class Limits(Section):
    """Limits of one run of this agent, besides those that the command line sets. The run ends with the limit's name."""

    turns: int | None = Field(default=None, ge=1)
    """Replies of the model, as `-m` counts them."""
    tokens: int | None = Field(default=None, ge=1)
    """Tokens, input and output."""
    cost: float | None = Field(default=None, gt=0)
    """Dollars, as far as the price of the model is known; refused where it is not."""
    seconds: float | None = Field(default=None, gt=0)
    """Wall time."""


class Stuck(Section):
    """What to do when the agent goes round in circles."""

    enabled: bool = True
    """Look for repeated calls, repeated errors, alternation and monologue."""
    window: int = Field(default=20, ge=4, le=1000)
    """How many of the newest calls and replies are looked at."""
    nudge: bool = True
    """Tell the model once before it is stopped, and once more after `window` calls without a circle; off: stop it at
    once."""


class Loop(Section):
    """What happens when."""

    sequence: tuple[SequenceItem, ...] = ()
    """Modes in order. After the last one the agent yields. Not set: the first mode."""
    plan_turn_limit: int | None = Field(default=None, ge=1)
    """Replies in the mode `plan`, after which `features.plan` becomes false and the mode is left."""
    turn_strategy: TurnStrategy = TurnStrategy()
    """Messages."""
    limits: Limits = Limits()
    """Limits."""
    stuck: Stuck = Stuck()
    """Circles."""


class Group(Section):
    """Tools that share a limit."""

    name: str = Field(min_length=1)
    """Its name, as the record gives it for a call that waited."""
    match_tools: Globs = Field(min_length=1)
    """Ids of its tools."""
    max_parallel: int | None = Field(default=None, ge=1)
    """How many of its calls may run at once; none: no limit besides the general one."""
    barrier_after: str | None = None
    """Glob of tools of the group: what comes after such a call in the reply waits until all before it are done."""


class Concurrency(Section):
    """Which calls of one reply run at the same time. Results come in the order of the calls."""

    policy: Literal["resources", "seed"] = "resources"
    """`resources`: calls wait for what they share; `seed`: one blocking tool makes the whole reply sequential."""
    max_parallel: int = Field(default=4, ge=1, le=64)
    """How many calls run at once."""
    groups: tuple[Group, ...] = ()
    """Shared limits."""
    nonblocking_tools: Globs = ()
    """Ids of tools that count as not blocking, whatever their definition says."""
    at_most_one_of: Globs = ()
    """Ids of tools of which one reply may call only one, once; further calls are denied."""


class NaturalFinish(Section):
    """Replies without a call, as a sign that the work is over."""

    no_tool_turns_threshold: int = Field(default=1, ge=1)
    """So many replies without a call, one after the other, are a sign of the end, unless the last one was cut off at
    the most tokens of a reply."""
    idle_turn_limit: int | None = Field(default=None, ge=1)
    """So many of them end the turn, whatever their confidence."""


class Completion(Section):
    """When the agent yields. Finished is not succeeded: that is what tests say.

    A sign has a confidence: a call of the finishing tool 1.0, a sentinel on a line of its own 0.9, natural finish 0.7,
    the provider's stop reason 0.6. Each decision is recorded with its evidence.
    """

    primary: Literal["tool", "sentinel", "provider", "natural", "hybrid"] = "hybrid"
    """The kind of sign that counts 1.0. `hybrid`: none does, and the signs of one reply support each other."""
    tool_finish: str | None = "finish"
    """Id of the tool whose completed call is a sign; none: there is no such tool."""
    text_sentinels: tuple[str, ...] = ()
    """Lines by which the model says in text that it is done."""
    provider_signals: bool = False
    """Take a reply that the provider marks as the end of the model's turn, without a call, as a sign."""
    natural_finish: NaturalFinish = NaturalFinish()
    """Replies without a call."""
    confidence_threshold: float = Field(default=0.6, ge=0, le=1)
    """The confidence from which the agent yields."""
