"""Which calls of a reply run, in which segments, and why a call waits or is refused. A pure function.

Segments run one after another; the calls of one segment run side by side. Calls are never reordered: whatever two
calls clash over is seen by both in the order of the reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from loopwright.runtime.schedule.claims import Claim, clash

__all__ = ["Group", "Planned", "Policy", "Refusal", "Schedule", "plan"]


class Planned(Struct, frozen=True):
    """One call, as far as scheduling is concerned. `tool` is the tool's identity."""

    tool: str
    claims: tuple[Claim, ...]
    blocking: bool = True
    max_per_turn: int | None = None


class Group(Struct, frozen=True):
    """Calls of these tools run at most `max_parallel` at a time; what follows one of `barriers` waits for it."""

    name: str
    tools: frozenset[str]
    max_parallel: int | None = None
    barriers: frozenset[str] = frozenset()


class Policy(Struct, frozen=True):
    """The rules of a profile.

    `resources` lets calls run side by side unless they clash; `seed` runs the whole reply in order as soon as one
    blocking tool is in it, and side by side otherwise.
    """

    policy: Literal["resources", "seed"] = "resources"
    max_parallel: int = 8
    groups: tuple[Group, ...] = ()
    at_most_one_of: tuple[str, ...] = ()


class Refusal(Struct, frozen=True):
    """Why a call does not run. `rule` is the configuration key that says so."""

    rule: str
    text: str


class Schedule(Struct, frozen=True):
    """Calls by their position in the reply: what runs when, what was refused, and why a call waits."""

    segments: tuple[tuple[int, ...], ...]
    refused: dict[int, Refusal]
    waits: dict[int, str]


def plan(calls: Sequence[Planned], policy: Policy) -> Schedule:
    """Divide the calls of one reply into segments.

    A call starts a new segment where it clashes with a call of the present one, where a limit on parallel calls is
    reached, or where the call before it is a barrier.
    """
    refused = _refusals(calls, policy)
    serial = policy.policy == "seed" and any(
        call.blocking for position, call in enumerate(calls) if position not in refused
    )
    segments: list[list[int]] = []
    waits: dict[int, str] = {}
    for position, call in enumerate(calls):
        if position in refused:
            continue
        why = _why_not(call, [calls[other] for other in segments[-1]], policy, serial=serial) if segments else None
        if why is None and segments:
            segments[-1].append(position)
            continue
        if why is not None:
            waits[position] = why
        segments.append([position])
    return Schedule(tuple(tuple(segment) for segment in segments), refused, waits)


def _refusals(calls: Sequence[Planned], policy: Policy) -> dict[int, Refusal]:
    refused: dict[int, Refusal] = {}
    counts: dict[str, int] = {}
    only: str | None = None
    for position, call in enumerate(calls):
        made = counts.get(call.tool, 0)
        if call.max_per_turn is not None and made >= call.max_per_turn:
            text = f"{call.tool} may be called {call.max_per_turn} time(s) in one reply"
            refused[position] = Refusal("max_per_turn", text)
            continue
        if call.tool in policy.at_most_one_of:
            if only is not None:
                text = f"only one of {', '.join(policy.at_most_one_of)} may be called in one reply; {only} came first"
                refused[position] = Refusal("at_most_one_of", text)
                continue
            only = call.tool
        counts[call.tool] = made + 1
    return refused


def _why_not(call: Planned, segment: Sequence[Planned], policy: Policy, *, serial: bool) -> str | None:
    """Why `call` cannot run beside the calls of `segment`; None where it can."""
    if serial:
        return "a blocking tool is in this reply (concurrency.policy: seed)"
    for group in policy.groups:
        barrier = next((other.tool for other in segment if other.tool in group.barriers), None)
        if barrier is not None:
            return f"barrier after {barrier} (group {group.name})"
    if len(segment) >= policy.max_parallel:
        return f"at most {policy.max_parallel} calls run at a time"
    for group in policy.groups:
        beside = sum(other.tool in group.tools for other in segment)
        if call.tool in group.tools and group.max_parallel is not None and beside >= group.max_parallel:
            return f"at most {group.max_parallel} calls of group {group.name} run at a time"
    if policy.policy == "seed":
        return None
    reasons = (clash(other.claims, call.claims) for other in segment)
    over = next((reason for reason in reasons if reason is not None), None)
    return None if over is None else f"for {over}"
