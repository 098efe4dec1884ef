"""Everything between a call that a model wrote and its outcome: the one place where calls are let through.

A call must name a tool, give it the arguments that it wants, be allowed in the mode, by the permissions and by the
rules, and find room in the schedule. What stops it is told to the model, with the rule that did.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
from msgspec import Struct, structs

from loopwright.base import LoopwrightError, UsageError, valid
from loopwright.runtime.agent.book import Book, Entry
from loopwright.runtime.agent.gates import Gates
from loopwright.runtime.agent.texts import say
from loopwright.runtime.calls import Call, Outcome
from loopwright.runtime.rules import Intent
from loopwright.runtime.schedule import Planned, claims_of, plan
from loopwright.runtime.tools.context import ToolContext
from loopwright.runtime.tools.editing import apply_operations
from loopwright.runtime.tools.intents import intent_of
from loopwright.runtime.tools.toolset import Tool

__all__ = ["Done", "Executor"]


class Done(Struct, frozen=True):
    """One answered call, and what the book keeps of it."""

    call: Call
    outcome: Outcome
    entry: Entry


class _Ready(Struct, frozen=True):
    """A call that may run."""

    call: Call
    tool: Tool
    arguments: dict[str, Any]
    intent: Intent
    warnings: tuple[str, ...]


class Executor:
    """Answers the calls of one reply at a time."""

    def __init__(self, gates: Gates, context: ToolContext) -> None:
        self._gates = gates
        self._context = context

    async def run(
        self, calls: Sequence[Call], mode: str, book: Book, prior: Sequence[Entry] = ()
    ) -> AsyncIterator[Done]:
        """Answer the calls of a reply, in their order; each is given out as soon as all before it are answered.

        `prior` are the answers to the first calls, where a crash came after them: they are not run again.

        Raises:
            MachineError: The sandbox itself does not work.
        """
        answered: dict[int, Done] = {}
        ready: dict[int, _Ready] = {}
        for position, call in enumerate(calls):
            known = prior[position] if position < len(prior) else None
            verdict = self._let_through(call, position, mode, book, known)
            if isinstance(verdict, _Ready):
                ready[position] = verdict
                book.history = book.history.with_call(verdict.intent)
            elif known is None:
                answered[position] = _refused(call, verdict)
        positions = list(ready)
        schedule = plan([self._planned(ready[position]) for position in positions], self._gates.policy)
        for index, refusal in schedule.refused.items():
            call = ready[positions[index]].call
            answered[positions[index]] = _refused(call, Outcome(refusal.text, "denied", rule=refusal.rule))
        given = len(prior)
        for segment in ((), *schedule.segments):
            chosen = {positions[index]: schedule.waits.get(index, "") for index in segment}
            chosen = {position: why for position, why in chosen.items() if position >= len(prior)}
            answered |= await self._segment({position: ready[position] for position in chosen}, chosen)
            while given in answered:
                done = answered.pop(given)
                book.call(done.entry)
                yield done
                given += 1

    def _let_through(self, call: Call, position: int, mode: str, book: Book, known: Entry | None) -> _Ready | Outcome:
        """The call ready to run, or why it is not. One whose answer is known was judged before."""
        if known is not None and known.rule:
            return Outcome(known.result, "denied", rule=known.rule)
        try:
            tool = self._gates.tool_of(call, mode)
            arguments = self._gates.toolset.arguments(tool, call) if call.operations is None else {}
            operations = self._gates.operations(tool, call, arguments)
        except UsageError as error:
            return Outcome(valid(f"error: {error}"), "failed", rule="call")
        if not self._gates.allowed(tool.spec, mode):
            allowed = ", ".join(self._gates.allowed_names(mode)) or "none"
            return Outcome(
                say("not_allowed", tool=call.tool, mode=mode, allowed=allowed), "denied", rule=f"modes.{mode}"
            )
        if position and not self._gates.many_calls:
            return Outcome(say("one_call"), "denied", rule="loop.turn_strategy.allow_multiple_per_turn")
        intent = intent_of(tool.spec, call, arguments, operations)
        if known is not None:
            return _Ready(call, tool, arguments, intent, ())
        warnings: list[str] = []
        for verdict in self._gates.judge(intent, arguments, book.history, self._context.agent.workspace):
            if verdict.decision == "deny":
                return Outcome(verdict.text, "denied", rule=verdict.rule)
            if verdict.decision == "warn":
                warnings.append(f"warning ({verdict.rule}): {verdict.text}")
        return _Ready(call, tool, arguments, intent, tuple(warnings))

    def _planned(self, ready: _Ready) -> Planned:
        spec = ready.tool.spec
        blocking = spec.blocking and not self._gates.nonblocking(spec)
        arguments = ready.arguments
        claims = claims_of(spec, arguments, blocking=blocking)
        return Planned(spec.id, claims, blocking, spec.max_per_turn)

    async def _segment(self, ready: dict[int, _Ready], waits: dict[int, str]) -> dict[int, Done]:
        done: dict[int, Done] = {}

        async def one(position: int, call: _Ready) -> None:
            outcome = await self._do(call)
            if call.warnings:
                outcome = structs.replace(outcome, text="\n".join([*call.warnings, outcome.text]))
            done[position] = self._done(call, structs.replace(outcome, waited=waits[position]))

        if not ready:
            return done
        if len(ready) == 1:
            # No task group: an error of the machine stays what it is.
            position, call = next(iter(ready.items()))
            await one(position, call)
            return done
        async with anyio.create_task_group() as tasks:
            for position, call in ready.items():
                tasks.start_soon(one, position, call)
        return done

    def _done(self, ready: _Ready, outcome: Outcome) -> Done:
        intent, spec = ready.intent, ready.tool.spec
        entry = Entry(
            spec.id,
            ready.call.arguments,
            outcome.text,
            outcome.status,
            seen=intent.reads,
            changed=intent.changes,
            tests=outcome.tests,
            waited=outcome.waited,
            finishes=outcome.status == "completed" and self._gates.finishes(spec),
        )
        return Done(ready.call, outcome, entry)

    async def _do(self, ready: _Ready) -> Outcome:
        call = ready.call
        activity = self._context.agent.activity
        activity.tool_started(call.call_id, ready.tool.spec.id)
        try:
            if call.operations is not None:
                return await apply_operations(self._context, call.operations)
            return await self._gates.toolset.run(ready.tool, self._context, ready.arguments, call.call_id)
        except LoopwrightError as error:
            return Outcome(valid(f"error: {error}"), "failed")
        finally:
            activity.tool_ended(call.call_id)


def _refused(call: Call, outcome: Outcome) -> Done:
    entry = Entry(call.tool, call.arguments, outcome.text, outcome.status, rule=outcome.rule)
    return Done(call, outcome, entry)
