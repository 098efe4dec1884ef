"""Everything between a call that a model wrote and its outcome: the one place where calls are let through.

A call must name a tool, give it the arguments that it wants, be allowed in the mode, by the permissions and by the
rules, and find room in the schedule. What stops it is told to the model, with the rule that did.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import anyio
from msgspec import Struct, structs

from loopwright.base import UsageError, valid
from loopwright.runtime.agent.book import Book, Entry
from loopwright.runtime.agent.gates import Gates
from loopwright.runtime.agent.texts import say
from loopwright.runtime.calls import Call, Outcome
from loopwright.runtime.edits import Operation
from loopwright.runtime.rules import Intent, Verdict
from loopwright.runtime.schedule import Planned, claims_of, plan
from loopwright.runtime.tools._files import real_name
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


class _Review(Struct, frozen=True):
    """How the calls of one reply are judged.

    `known` are the verdicts that stand in the record, where a crash came in the middle of the reply; `noted` are the
    ones that will. Verdicts that say nothing are in neither. `located` gives the one name of a file.
    """

    mode: str
    book: Book
    prior: Sequence[Entry]
    known: Mapping[str, Any] | None
    noted: dict[str, list[tuple[str, str, str]]]
    located: Callable[[str], str]


class Executor:
    """Answers the calls of one reply at a time."""

    def __init__(self, gates: Gates, context: ToolContext) -> None:
        self._gates = gates
        self._context = context

    async def run(
        self, calls: Sequence[Call], mode: str, book: Book, prior: Sequence[Entry] = ()
    ) -> AsyncGenerator[Done]:
        """Answer the calls of a reply, in their order, each segment of the schedule when all of it is done.

        `prior` are the answers to the first calls, where a crash came after them: they are not run again.

        Raises:
            MachineError: The sandbox itself does not work.
        """
        # Links are followed once a file, before anything of the reply runs.
        located = cache(partial(real_name, self._context.agent.workspace))
        review = _Review(mode, book, prior, prior[0].verdicts if prior else None, {}, located)
        answered: dict[int, Done] = {}
        ready: dict[int, _Ready] = {}
        for position, call in enumerate(calls):
            verdict = self._let_through(call, position, review)
            if isinstance(verdict, _Ready):
                ready[position] = verdict
                book.history = book.history.with_call(verdict.intent)
            elif position >= len(prior):
                answered[position] = _refused(call, verdict)
        positions = list(ready)
        schedule = plan([self._planned(ready[position], review.located) for position in positions], self._gates.policy)
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
                if given == 0:
                    done.entry.verdicts = review.noted
                book.call(done.entry)
                yield done
                given += 1

    def _let_through(self, call: Call, position: int, review: _Review) -> _Ready | Outcome:
        """The call ready to run, or why it is not."""
        known = review.prior[position] if position < len(review.prior) else None
        if known is not None and known.rule:
            return Outcome(known.result, "denied", rule=known.rule)
        mode = review.mode
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
        intent = intent_of(tool.spec, call, arguments, operations, review.located)
        warnings: list[str] = []
        for verdict in self._verdicts(position, intent, arguments, review):
            if verdict.decision == "deny":
                return Outcome(verdict.text, "denied", rule=verdict.rule)
            warnings.append(f"warning ({verdict.rule}): {verdict.text}")
        return _Ready(call, tool, arguments, intent, tuple(warnings))

    def _verdicts(self, position: int, intent: Intent, arguments: dict[str, Any], review: _Review) -> Sequence[Verdict]:
        """What permissions and rules say against a call, or said before the crash."""
        if review.known is not None:
            return [Verdict(*one) for one in review.known.get(str(position), ())]
        workspace = self._context.agent.workspace
        judged = self._gates.judge(intent, arguments, review.book.history, workspace, review.located)
        verdicts = [verdict for verdict in judged if verdict.decision != "allow"]
        if verdicts:
            review.noted[str(position)] = [(one.decision, one.rule, one.text) for one in verdicts]
        return verdicts

    def _planned(self, ready: _Ready, located: Callable[[str], str]) -> Planned:
        spec = ready.tool.spec
        blocking = spec.blocking and not self._gates.nonblocking(spec)
        claims = claims_of(
            spec,
            ready.arguments,
            blocking=blocking,
            located=located,
        )
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
        try:
            async with anyio.create_task_group() as tasks:
                for position, call in ready.items():
                    tasks.start_soon(one, position, call)
        except BaseExceptionGroup as group:
            # What broke is told as it is; the others were cancelled for it.
            raise _first(group) from group
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
            tool = ready.tool if call.operations is None else _applying(ready.tool, call.operations)
            return await self._gates.toolset.run(tool, self._context, ready.arguments, call.call_id)
        finally:
            activity.tool_ended(call.call_id)


def _applying(tool: Tool, operations: Sequence[Operation]) -> Tool:
    """The tool that edits files, for a block that says in its own syntax what is to be done."""

    async def handler(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
        return await apply_operations(context, operations)

    return structs.replace(tool, handler=handler)


def _refused(call: Call, outcome: Outcome) -> Done:
    entry = Entry(call.tool, call.arguments, outcome.text, outcome.status, rule=outcome.rule)
    return Done(call, outcome, entry)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """A single error of a group."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
