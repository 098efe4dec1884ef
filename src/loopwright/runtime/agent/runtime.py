"""The agent loop: ask the model, do what it calls for, until it yields the turn."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import anyio

from loopwright.agents.protocol import AgentContext, AgentItem, TurnOutcome
from loopwright.record import PartAdded, TurnStarted
from loopwright.runtime.agent.asking import Asker
from loopwright.runtime.agent.book import Entry as Account
from loopwright.runtime.agent.dialogue import Dialogue, Speech
from loopwright.runtime.agent.executor import Done, Executor
from loopwright.runtime.agent.harness import Harness, command_limits
from loopwright.runtime.agent.items import STEER, reply_items, result_item, spoken_item
from loopwright.runtime.agent.keeping import Keeper
from loopwright.runtime.agent.restoring import restore
from loopwright.runtime.calls import Call
from loopwright.runtime.config import LoadedConfig
from loopwright.runtime.providers import ModelError
from loopwright.runtime.tools.context import ToolContext
from loopwright.runtime.tools.mcp_client import McpTools

__all__ = ["Runtime"]


class Runtime:
    """One conversation with one model, under one profile. Items are yielded when they are complete, in order.

    Attributes:
        outcome: How the last turn ended.
    """

    def __init__(self, harness: Harness, context: ToolContext, mcp: McpTools, keeper: Keeper | None) -> None:
        agent = context.agent
        self.outcome = TurnOutcome("finished")
        self._dialogue = Dialogue(harness)
        self._executor = Executor(harness.gates, context)
        self._asker = Asker(harness, agent, agent.options["conversation"])
        self._mcp = mcp
        self._keeper = keeper
        self._recorded = 0
        self._owed = False
        self._steering: deque[str] = deque()
        self._in_turn = False

    @classmethod
    async def open(cls, context: AgentContext, profile: LoadedConfig) -> Runtime:
        """Get ready: MCP servers, tools, texts.

        `context.options` has `conversation` (by which the gateway knows this one), and may have `model_id` (what
        `--model` names) and `rundir` (for what the profile keeps besides the journal).

        Raises:
            UsageError: The profile does not fit together, or not the model.
            MachineError: An MCP server does not start.
        """
        limits = command_limits(profile.config)
        tools = ToolContext(context, limits)
        servers = {name: (server.command, server.env) for name, server in profile.config.tools.mcp.items()}
        mcp = McpTools(tools, servers)
        await mcp.open()
        try:
            harness = Harness(profile, context.options.get("model_id", context.model), context.model, mcp.tools)
            harness.check()
            rundir = context.options.get("rundir")
            keeper = Keeper(harness, context, rundir) if rundir is not None else None
            if keeper is not None:
                keeper.start()
            return cls(harness, tools, mcp, keeper)
        except BaseException:
            await mcp.close()
            raise

    def restore(self, turns: list[TurnStarted], parts: list[PartAdded]) -> None:
        """Take up the conversation after these acknowledged turns and parts, whose payloads hold their values."""
        self._recorded = restore(self._dialogue, turns, parts)
        self._asker.resume(self._dialogue.instead)
        # The crash may have come between the last answer and the account of the reply.
        self._owed = self._dialogue.reply is None and self._dialogue.book.replies > 0

    async def turn(self, text: str) -> AsyncGenerator[AgentItem]:
        """Give a new prompt and go on until the model yields."""
        self._dialogue.prompt(text)
        async with aclosing(self.go_on()) as items:
            async for item in items:
                yield item

    async def go_on(self) -> AsyncGenerator[AgentItem]:
        """Go on from wherever the conversation stands: what is not recorded yet first, then the model."""
        self.outcome = TurnOutcome("finished")
        self._in_turn = True
        try:
            if self._owed:
                await self._account()
            async with aclosing(self._until_the_end()) as items:
                async for item in items:
                    yield item
        finally:
            self._in_turn = False
            if self._keeper is not None:
                with anyio.CancelScope(shield=True):
                    await self._keeper.turn_ended()

    async def _until_the_end(self) -> AsyncGenerator[AgentItem]:
        dialogue = self._dialogue
        while True:
            if dialogue.reply is not None:
                async with aclosing(self._work_off()) as items:
                    async for item in items:
                        yield item
            for speech in self._speeches():
                dialogue.say(speech)
                yield spoken_item(speech.kind, speech.text, {"why": speech.why} if speech.why else None)
            if dialogue.ending is not None:
                self.outcome = _outcome(dialogue)
                return
            try:
                reply, usage = await self._asker.ask(dialogue)
            except ModelError as error:
                self.outcome = TurnOutcome("limit" if error.kind == "limit" else "error", str(error))
                return
            dialogue.hear(reply, usage, self._asker.instead)
            self._recorded = 0

    def steer(self, text: str) -> bool:
        """Say something to the model before its next reply; False where no turn goes on."""
        if self._in_turn:
            self._steering.append(text)
        return self._in_turn

    async def close(self) -> None:
        """Close the connection to the gateway, and end MCP servers."""
        async with AsyncExitStack() as stack:
            if self._keeper is not None:
                stack.push_async_callback(self._keeper.end)
            stack.push_async_callback(self._mcp.close)
            stack.push_async_callback(self._asker.close)

    async def _work_off(self) -> AsyncGenerator[AgentItem]:
        """The parts of the newest reply that are not recorded yet, and the answers to its calls."""
        dialogue = self._dialogue
        reply, number = dialogue.reply, dialogue.book.replies
        if reply is None:
            raise RuntimeError("there is no reply to work off")
        for item in reply_items(reply, dialogue.calls, number, dialogue.instead)[self._recorded :]:
            self._recorded += 1
            yield item
        async with aclosing(self._answers()) as answers:
            async for done in answers:
                dialogue.answer(done.call, done.outcome, done.entry)
                yield result_item(done, number)
                if self._keeper is not None and done.outcome.may_change_files:
                    await self._keeper.changed()
        dialogue.done()
        await self._account()

    async def _account(self) -> None:
        """Keep the measurements of the newest reply, all of whose calls were answered."""
        dialogue, self._owed = self._dialogue, False
        if self._keeper is not None:
            done = [Done(*pair, account) for pair, account in zip(dialogue.answers, dialogue.accounts, strict=True)]
            await self._keeper.reply(dialogue.book.replies, dialogue.heard_in, dialogue.used, done)

    async def _answers(self) -> AsyncGenerator[Done]:
        """Answer the calls that wait, in order; a block that could not be read is answered with what is wrong in it."""
        dialogue = self._dialogue
        sound = [call for call in dialogue.calls if call.call_id not in dialogue.broken]
        known = len(dialogue.answers)
        prior = [
            account
            for (call, _), account in zip(dialogue.answers, dialogue.accounts, strict=True)
            if call.call_id not in dialogue.broken
        ]
        async with aclosing(self._executor.run(sound, dialogue.mode, dialogue.book, prior)) as running:
            for call in dialogue.calls[known:]:
                yield self._broken(call) if call.call_id in dialogue.broken else await anext(running)

    def _broken(self, call: Call) -> Done:
        outcome = self._dialogue.fault(call)
        account = Account(call.tool, call.raw, outcome.text, outcome.status, rule=outcome.rule)
        self._dialogue.book.call(account)
        return Done(call, outcome, account)

    def _speeches(self) -> list[Speech]:
        """What is to be said before the model is asked again."""
        steering = [Speech(STEER, text) for text in self._steering]
        self._steering.clear()
        return [*self._dialogue.due, *steering]


def _outcome(dialogue: Dialogue) -> TurnOutcome:
    ending = dialogue.ending
    if ending is None or ending.kind == "finished":
        return TurnOutcome("finished", ending.detail if ending else "")
    return TurnOutcome("error", f"{ending.kind}: {ending.detail}")
