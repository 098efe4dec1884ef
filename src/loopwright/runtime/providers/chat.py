"""OpenAI's chat completions: also the language of most other servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.record import Usage
from loopwright.runtime.calls import Call
from loopwright.runtime.providers._replies import native_call, reply_of
from loopwright.runtime.providers._schemas import function
from loopwright.runtime.providers._sdk import OpenAIProvider
from loopwright.runtime.providers.types import Entry, ModelError, OnText, Prompt, Reply, Request, Results, Said
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["ChatProvider", "read", "request_body"]

# What a model thought is shown and recorded; servers that have a use for it want it back in this field only.
_SENT_BACK = ("role", "content", "refusal", "tool_calls", "reasoning_details")


class ChatProvider(OpenAIProvider):
    """Asks by `POST /v1/chat/completions`, streamed."""

    api = "chat"

    async def _ask(self, request: Request, on_text: OnText) -> Reply:
        gathered = _Gathered()
        async with await self._client.chat.completions.create(**request_body(request)) as stream:
            async for chunk in stream:
                gathered.take(chunk, on_text)
        return gathered.reply()


def request_body(request: Request) -> dict[str, Any]:
    """The request's body."""
    params = request.params
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [*_system(request), *(message for entry in request.entries for message in _messages(entry))],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.tools:
        body["tools"] = [_tool(tool, strict=params.strict_tools) for tool in request.tools]
        body["parallel_tool_calls"] = params.parallel_tools
    body |= {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "max_completion_tokens": params.max_output_tokens,
        "reasoning_effort": params.reasoning_effort,
        "stop": list(params.stop) or None,
        "seed": params.seed,
        "store": params.store,
    }
    return {name: value for name, value in body.items() if value is not None}


def _system(request: Request) -> list[dict[str, Any]]:
    """Where there is nothing to say, nothing: an empty message would take the place of a model's own default."""
    text = "\n\n".join(chunk.text for chunk in request.system)
    return [{"role": "system", "content": text}] if text else []


def _messages(entry: Entry) -> list[dict[str, Any]]:
    match entry:
        case Prompt():
            return [{"role": "user", "content": entry.text}]
        case Said():
            return [{"role": "assistant", "content": entry.text}]
        case Reply():
            message = {name: entry.message[name] for name in _SENT_BACK if name in entry.message}
            # Servers refuse a message with neither; a refusal has none.
            return [
                message if message.get("content") or message.get("tool_calls") else {**message, "content": entry.text}
            ]
        case Results():
            return [
                {"role": "tool", "tool_call_id": answer.call.call_id, "content": answer.text}
                for answer in entry.answers
            ]


def _tool(tool: ToolSpec, *, strict: bool) -> dict[str, Any]:
    form = function(tool, strict=strict)
    return {"type": "function", "function": {name: value for name, value in form.items() if value is not False}}


class _Gathered:
    """A stream's chunks, put together to one assistant message."""

    def __init__(self) -> None:
        self._text = ""
        self._thought = ""
        self._calls: dict[int, dict[str, Any]] = {}
        self._rest: dict[str, Any] = {}
        self._finish = ""
        self._usage: Usage | None = None
        self._model = ""
        self._any = False

    def take(self, chunk: Any, on_text: OnText) -> None:
        self._model = getattr(chunk, "model", "") or self._model
        if getattr(chunk, "usage", None) is not None:
            self._usage = _usage(chunk.usage)
        for choice in getattr(chunk, "choices", None) or ():
            self._any = True
            self._finish = choice.finish_reason or self._finish
            self._delta(choice.delta, on_text)

    def _delta(self, delta: Any, on_text: OnText) -> None:
        thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
        if thought:
            self._thought += thought
            on_text("reasoning", thought)
        if delta.content:
            self._text += delta.content
            on_text("text", delta.content)
        if delta.refusal:
            self._rest["refusal"] = self._rest.get("refusal", "") + delta.refusal
        details = getattr(delta, "reasoning_details", None)
        if details:
            self._rest.setdefault("reasoning_details", []).extend(details)
        for call in delta.tool_calls or ():
            self._call(call)

    def _call(self, call: Any) -> None:
        whole = self._calls.setdefault(call.index, {"id": "", "name": "", "arguments": ""})
        whole["id"] = call.id or whole["id"]
        if call.function is not None:
            whole["name"] += call.function.name or ""
            whole["arguments"] += call.function.arguments or ""

    def reply(self) -> Reply:
        if not self._any:
            raise ModelError(
                "the answer is no chat completion; does the model's URL lead to one (often .../v1)?", "unreadable"
            )
        if not self._finish:
            raise ModelError("the answer ended before it was complete", "outage")
        message: dict[str, Any] = {"role": "assistant", "content": self._text or None, **self._rest}
        if self._thought:
            message["reasoning_content"] = self._thought
        if self._calls:
            message["tool_calls"] = [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"] or "{}"},
                }
                for _, call in sorted(self._calls.items())
            ]
        return reply_of("chat", read, message, self._finish, self._usage, self._model)


def read(message: dict[str, Any]) -> tuple[str, str, Iterator[Call]]:
    """The text, the reasoning and the calls of an assistant message."""
    text = message.get("content") or message.get("refusal") or ""
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    made = ((call["id"], call["function"]) for call in message.get("tool_calls") or ())
    return text, thought, (native_call(id_, one["name"], one.get("arguments") or "{}") for id_, one in made)


def _usage(usage: Any) -> Usage:
    details, output = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Usage(
        input_tokens=max((usage.prompt_tokens or 0) - cached, 0),
        output_tokens=usage.completion_tokens or 0,
        cache_read_tokens=cached,
        reasoning_tokens=(output.reasoning_tokens if output else None) or 0,
    )
