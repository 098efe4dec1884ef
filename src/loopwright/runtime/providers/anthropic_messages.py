"""Anthropic's messages API. Thinking goes back with its signature, and results come first in the user's message."""

from __future__ import annotations

import json
from typing import Any

from loopwright.record import Usage
from loopwright.runtime.calls import Call
from loopwright.runtime.providers._replies import native_call, reply_of
from loopwright.runtime.providers._schemas import binds, without_ranges
from loopwright.runtime.providers._sdk import Provider
from loopwright.runtime.providers.types import (
    Answered,
    Entry,
    ModelError,
    OnText,
    Prompt,
    Reply,
    Request,
    Results,
    Said,
)
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["MessagesProvider", "read", "request_body"]

# The API wants a limit with each request; this is what its current models can write at least.
_OUTPUT_TOKENS = 32_000
_NOTHING = "(nothing)"
_CACHE = {"type": "ephemeral"}
_MOST_MARKS = 4
_FIELDS = {
    "text": ("type", "text"),
    "thinking": ("type", "thinking", "signature"),
    "redacted_thinking": ("type", "data"),
    "tool_use": ("type", "id", "name", "input"),
}


class MessagesProvider(Provider):
    """Asks by `POST /v1/messages`, streamed."""

    api = "messages"
    base_url = "http://gateway"

    def _sdk(self, options: dict[str, Any]) -> tuple[Any, type[Exception]]:
        from anthropic import AnthropicError, AsyncAnthropic

        return AsyncAnthropic(**options), AnthropicError

    async def _ask(self, request: Request, on_text: OnText) -> Reply:
        async with self._client.messages.stream(**request_body(request)) as stream:
            async for event in stream:
                _tell(event, on_text)
            message = await stream.get_final_message()
        if not message.stop_reason:
            raise ModelError("the answer ended before it was complete", "outage")
        content = [_clean(block.model_dump(mode="json", exclude_none=True)) for block in message.content]
        return reply_of(
            "messages", read, {"content": content}, message.stop_reason, _usage(message.usage), message.model
        )


def _tell(event: Any, on_text: OnText) -> None:
    if event.type == "text":
        on_text("text", event.text)
    elif event.type == "thinking":
        on_text("reasoning", event.thinking)


def request_body(request: Request) -> dict[str, Any]:
    """The request's body, without `stream`, which the SDK sets. Raises `ModelError` for a setting it does not have."""
    params = request.params
    if params.seed is not None:
        raise ModelError("the messages API has no setting `seed`; leave it out")
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": params.max_output_tokens or _OUTPUT_TOKENS,
        "system": _system(request) or None,
        "messages": _messages(request.entries, cache=params.cache_conversation),
    }
    if request.tools:
        body["tools"] = _tools(request)
        if params.parallel_tools is not None:
            body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": not params.parallel_tools}
    if params.thinking_budget:
        body["thinking"] = {"type": "enabled", "budget_tokens": params.thinking_budget}
    # The SDK has no arguments for these two any more; models that know them still take them.
    sampling = {"temperature": params.temperature, "top_p": params.top_p}
    body |= {
        "output_config": {"effort": params.reasoning_effort} if params.reasoning_effort else None,
        "stop_sequences": list(params.stop) or None,
        "extra_body": {name: value for name, value in sampling.items() if value is not None} or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _system(request: Request) -> list[dict[str, Any]]:
    """The system prompt. The API takes four marks in all: the last ones, which cover the most, are kept."""
    chunks = [chunk for chunk in request.system if chunk.text]
    own = request.params.cache_conversation
    marked = [at for at, chunk in enumerate(chunks) if chunk.cache or (own and at == len(chunks) - 1)]
    kept = marked[-(_MOST_MARKS - own - (own and bool(request.tools))) :]
    return [_block(chunk.text, cache=at in kept) for at, chunk in enumerate(chunks)]


def _messages(entries: tuple[Entry, ...], *, cache: bool) -> list[dict[str, Any]]:
    """Messages whose roles alternate: what follows in the same role becomes one message of several blocks."""
    messages: list[dict[str, Any]] = []
    for entry in entries:
        role = "assistant" if isinstance(entry, Reply | Said) else "user"
        blocks = _blocks(entry)
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"].extend(blocks)
        else:
            messages.append({"role": role, "content": blocks})
    if cache and messages:
        last = messages[-1]["content"]
        last[-1] = {**last[-1], "cache_control": _CACHE}
    return messages


def _blocks(entry: Entry) -> list[dict[str, Any]]:
    match entry:
        case Prompt():
            return [_block(entry.text if entry.text.strip() else _NOTHING)]
        case Said():
            # As the last message, it must not end in blanks.
            return [_block(entry.text.rstrip() or _NOTHING)]
        case Reply():
            # The API refuses a message without content, and a text that is blank; models do send both.
            return [block for block in entry.message["content"] if not _blank(block)] or [_block(_NOTHING)]
        case Results():
            return [_result(answer) for answer in entry.answers]


def _blank(block: dict[str, Any]) -> bool:
    return block.get("type") == "text" and not str(block.get("text", "")).strip()


def _block(text: str, *, cache: bool = False) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": text}
    return {**block, "cache_control": _CACHE} if cache else block


def _result(answer: Answered) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": answer.call.call_id, "content": answer.text}
    return block if answer.ok else {**block, "is_error": True}


def _tools(request: Request) -> list[dict[str, Any]]:
    tools = [_tool(tool, strict=request.params.strict_tools) for tool in request.tools]
    if request.params.cache_conversation:
        tools[-1]["cache_control"] = _CACHE
    return tools


def _tool(tool: ToolSpec, *, strict: bool) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if binds(tool, strict=strict):
        return {**plain, "input_schema": without_ranges(tool), "strict": True}
    return {**plain, "input_schema": tool.json_schema()}


def _clean(block: dict[str, Any]) -> dict[str, Any]:
    """A block as the API wants it back: the SDK adds fields of its own to what it read."""
    fields = _FIELDS.get(block["type"], tuple(block))
    return {name: block[name] for name in fields if name in block}


def read(message: dict[str, Any]) -> tuple[str, str, list[Call]]:
    """The text, the reasoning and the calls of a message's content."""
    content = message["content"]
    text = "".join(block["text"] for block in content if block["type"] == "text")
    thought = "\n\n".join(block["thinking"] for block in content if block["type"] == "thinking")
    return text, thought, [_call(block) for block in content if block["type"] == "tool_use"]


def _call(block: dict[str, Any]) -> Call:
    return native_call(block["id"], block["name"], json.dumps(block.get("input"), ensure_ascii=False))


def _usage(usage: Any) -> Usage:
    return Usage(
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        cache_read_tokens=usage.cache_read_input_tokens or 0,
        cache_write_tokens=usage.cache_creation_input_tokens or 0,
    )
