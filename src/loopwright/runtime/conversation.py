"""The messages of one conversation, in the form of the chat completions API, and how they become items."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from loopwright.agents.protocol import AgentItem
from loopwright.base import one_line, valid
from loopwright.record import PartAdded, TurnStarted, Usage

__all__ = ["Conversation", "ToolCall", "reply_items"]

Message = dict[str, Any]
FINISH = "finish"
_NOT_RUN = "(not run: the turn was ended before this call)"


class ToolCall(NamedTuple):
    """One call that the model asked for. `arguments` is None where they were not a JSON object."""

    call_id: str
    name: str
    arguments: dict[str, Any] | None
    raw_arguments: str


class Conversation:
    """System prompt, prompts, replies and tool results, in order.

    After a crash it is rebuilt from the record by `restore`, so that the next request to the model has the same
    bytes as it would have had without the crash.
    """

    def __init__(self, system: str) -> None:
        self.messages: list[Message] = [{"role": "system", "content": system}]
        self.replies = 0
        self.recorded_of_reply = 0
        self.finished: str | None = None

    def add_prompt(self, prompt: str) -> None:
        """A new turn begins; calls that were cut off get an answer first, since the APIs want one for each."""
        for call in self.waiting_calls():
            self.add_result(call, _NOT_RUN, completed=False)
        self.messages.append({"role": "user", "content": prompt})
        self.finished = None

    def add_reply(self, message: Message) -> None:
        """The model answered; `message` is an assistant message of the API."""
        self.messages.append(message)
        self.replies += 1
        self.recorded_of_reply = 0
        self.finished = None

    def add_result(self, call: ToolCall, text: str, *, completed: bool = True) -> None:
        """A tool ended; `text` is what the model reads. A completed `finish` ends the turn with that text."""
        self.messages.append({"role": "tool", "tool_call_id": call.call_id, "content": text})
        if call.name == FINISH and completed:
            self.finished = text

    def waiting_calls(self) -> list[ToolCall]:
        """The calls of the newest reply that have no result yet, in order."""
        answered = set()
        for message in reversed(self.messages):
            if message["role"] == "tool":
                answered.add(message["tool_call_id"])
            elif message["role"] == "assistant":
                return [call for call in calls_of(message) if call.call_id not in answered]
            else:
                break
        return []

    @property
    def newest_reply(self) -> Message | None:
        """The assistant message that this turn stands at, or None where the model is to be asked first."""
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                return message
            if message["role"] == "user":
                return None
        return None

    def restore(self, turns: list[TurnStarted], parts: list[PartAdded]) -> None:
        """Rebuild from acknowledged turns and parts whose payloads were resolved to values."""
        waiting = {turn.turn: turn for turn in turns}
        for part in parts:
            self._restore_prompts(waiting, part.turn)
            self._restore_part(part)
        self._restore_prompts(waiting, max(waiting, default=0))

    def _restore_prompts(self, waiting: dict[int, TurnStarted], up_to: int) -> None:
        for number in sorted(number for number in waiting if number <= up_to):
            self.add_prompt(str(_value(waiting.pop(number).prompt)))

    def _restore_part(self, part: PartAdded) -> None:
        if part.part_type == "tool_result" and part.tool is not None:
            call = ToolCall(part.tool.call_id, part.tool.name, None, "")
            self.add_result(call, str(_value(part.tool.result)), completed=part.tool.status == "completed")
            return
        if part.reply is not None and part.reply > self.replies:
            self.add_reply(dict(_value(part.raw)))
        self.recorded_of_reply += 1


def _value(payload: Any) -> Any:
    return None if payload is None else payload.value


def calls_of(message: Message) -> list[ToolCall]:
    """The tool calls of an assistant message."""
    return [
        ToolCall(call["id"], call["function"]["name"], *_parse(call["function"].get("arguments") or "{}"))
        for call in message.get("tool_calls") or []
    ]


def _parse(text: str) -> tuple[dict[str, Any] | None, str]:
    try:
        value = _valid(json.loads(text))
    except (ValueError, RecursionError):
        return None, text
    return (value if isinstance(value, dict) else None), text


def _valid(value: Any) -> Any:
    """A JSON value whose texts can be encoded: models do write escapes of lone surrogates."""
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, dict):
        return {valid(key): _valid(item) for key, item in value.items()}
    return [_valid(item) for item in value] if isinstance(value, list) else value


def reply_items(message: Message, reply: int, usage: Usage | None) -> list[AgentItem]:
    """The parts of one reply: reasoning, text, then each call. The first carries the message and its usage."""
    items: list[AgentItem] = []
    reasoning, text = message.get("reasoning_content") or message.get("reasoning"), message.get("content")
    if reasoning:
        items.append(AgentItem("reasoning", "reasoning", one_line(reasoning), reasoning, reply=reply))
    if text or not (reasoning or message.get("tool_calls")):
        items.append(AgentItem("text", "message", one_line(text or "(an empty reply)"), text or "", reply=reply))
    items += [_call_item(call, reply) for call in calls_of(message)]
    first = items[0]
    items[0] = AgentItem(**{**_fields(first), "usage": usage, "raw": message})
    return items


def _call_item(call: ToolCall, reply: int) -> AgentItem:
    arguments = call.raw_arguments if call.arguments is None else call.arguments
    return AgentItem(
        "tool_call",
        "function_call",
        one_line(f"{call.name} {brief_arguments(call)}"),
        tool_name=call.name,
        call_id=call.call_id,
        arguments=arguments,
        reply=reply,
    )


def brief_arguments(call: ToolCall) -> str:
    """The arguments as one short text for a list of parts."""
    if call.arguments is None:
        return call.raw_arguments
    for key in ("path", "command", "test_path", "pattern", "summary"):
        if key in call.arguments:
            return str(call.arguments[key])
    return json.dumps(call.arguments, ensure_ascii=False)


def _fields(item: AgentItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__struct_fields__}
