"""The agent loop: ask the model, do what it calls for, until it yields the turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

from loopwright.agents.protocol import AgentContext, AgentItem, TurnOutcome
from loopwright.base import LoopwrightError, one_line
from loopwright.record import PartAdded, TurnStarted
from loopwright.runtime.client import ModelClient, ModelError
from loopwright.runtime.conversation import Conversation, ToolCall, reply_items
from loopwright.runtime.prompts import prompt
from loopwright.runtime.tools import Toolbox, ToolResult

__all__ = ["Runtime"]


class Runtime:
    """One conversation with one model. Items are yielded when they are complete, in the order of the API."""

    def __init__(self, context: AgentContext, conversation_id: str) -> None:
        self.conversation = Conversation(prompt("system"))
        self.outcome = TurnOutcome("finished")
        self._toolbox = Toolbox(context)
        self._client = ModelClient(context.gateway_socket, context.model, conversation_id)

    def restore(self, turns: list[TurnStarted], parts: list[PartAdded]) -> None:
        """Take up the conversation after these acknowledged turns and parts."""
        self.conversation.restore(turns, parts)

    async def turn(self, text: str) -> AsyncIterator[AgentItem]:
        """Give a new prompt and go on until the model yields."""
        self.conversation.add_prompt(text)
        async for item in self.go_on():
            yield item

    async def go_on(self) -> AsyncIterator[AgentItem]:
        """Go on from wherever the conversation stands: calls without a result first, then the model."""
        self.outcome = TurnOutcome("finished")
        reply = self.conversation.newest_reply
        if reply is not None:
            # After a crash: the parts of this reply that were not recorded yet come first.
            items = reply_items(reply, self.conversation.replies, None)
            for item in items[self.conversation.recorded_of_reply :]:
                yield item
            async for item in self._do_calls():
                yield item
        while self.conversation.finished is None and (reply is None or reply.get("tool_calls")):
            try:
                reply, usage = await self._client.ask(self.conversation.messages, self._toolbox.schemas())
            except ModelError as error:
                self.outcome = TurnOutcome("error", str(error))
                return
            self.conversation.add_reply(reply)
            for item in reply_items(reply, self.conversation.replies, usage):
                yield item
            async for item in self._do_calls():
                yield item
        self.outcome = TurnOutcome("finished", self.conversation.finished or "")

    async def _do_calls(self) -> AsyncIterator[AgentItem]:
        for call in self.conversation.waiting_calls():
            result = await self._do(call)
            self.conversation.add_result(call, result.text, completed=result.status == "completed")
            yield _result_item(call, result, self.conversation.replies)

    async def _do(self, call: ToolCall) -> ToolResult:
        try:
            return await self._toolbox.call(call)
        except LoopwrightError as error:
            return ToolResult(f"error: {error}", status="failed")

    async def close(self) -> None:
        """Close the connection to the gateway."""
        await self._client.close()


def _result_item(call: ToolCall, result: ToolResult, reply: int) -> AgentItem:
    return AgentItem(
        "tool_result",
        "function_call_output",
        one_line(result.summary or result.text),
        role="user",
        tool_name=call.name,
        call_id=call.call_id,
        result=result.text,
        tool_status=result.status,
        exit_code=result.exit_code,
        may_change_files=result.may_change_files,
        grade_ids=result.grade_ids,
        reply=reply,
        raw=None,
    )
