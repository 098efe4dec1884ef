"""OpenAI's responses API. What a model thought goes back to it, encrypted where nothing is stored over there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopwright.record import Usage
from loopwright.runtime.calls import Call
from loopwright.runtime.providers._replies import native_call, reply_of
from loopwright.runtime.providers._schemas import function
from loopwright.runtime.providers._sdk import OpenAIProvider
from loopwright.runtime.providers.types import Entry, ModelError, OnText, Prompt, Reply, Request, Results, Said

__all__ = ["ResponsesProvider", "read", "request_body"]

_ENCRYPTED = "reasoning.encrypted_content"


class ResponsesProvider(OpenAIProvider):
    """Asks by `POST /v1/responses`, streamed."""

    api = "responses"

    async def _ask(self, request: Request, on_text: OnText) -> Reply:
        gathered = _Gathered()
        async with await self._client.responses.create(**request_body(request)) as stream:
            async for event in stream:
                gathered.take(event, on_text)
        return gathered.reply()


def request_body(request: Request) -> dict[str, Any]:
    """The request's body. Raises `ModelError` for a setting that this API does not have."""
    params = request.params
    for name, given in (("stop", bool(params.stop)), ("seed", params.seed is not None)):
        if given:
            raise ModelError(f"the responses API has no setting `{name}`; leave it out, or use api_variant: chat")
    include = [*params.include]
    if params.include_reasoning and not params.store and _ENCRYPTED not in include:
        include.append(_ENCRYPTED)
    body: dict[str, Any] = {
        "model": request.model,
        "instructions": "\n\n".join(chunk.text for chunk in request.system) or None,
        "input": [item for entry in request.entries for item in _items(entry, params.include_reasoning)],
        "stream": True,
        "store": params.store,
        "include": include or None,
    }
    if request.tools:
        body["tools"] = [{"type": "function", **function(tool, strict=params.strict_tools)} for tool in request.tools]
        body["parallel_tool_calls"] = params.parallel_tools
    body |= {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "max_output_tokens": params.max_output_tokens,
        "reasoning": {"effort": params.reasoning_effort} if params.reasoning_effort else None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _items(entry: Entry, include_reasoning: bool) -> list[dict[str, Any]]:
    match entry:
        case Prompt():
            return [{"role": "user", "content": [{"type": "input_text", "text": entry.text}]}]
        case Said():
            return [{"role": "assistant", "content": [{"type": "output_text", "text": entry.text}]}]
        case Reply():
            items = list(entry.message["output"])
            return [item for item in items if include_reasoning or item.get("type") != "reasoning"]
        case Results():
            return [
                {"type": "function_call_output", "call_id": answer.call.call_id, "output": answer.text}
                for answer in entry.answers
            ]


class _Gathered:
    """A stream's events, put together to the items of one response."""

    def __init__(self) -> None:
        self._items: list[dict[str, Any]] = []
        self._final: Any = None

    def take(self, event: Any, on_text: OnText) -> None:
        match event.type:
            case "response.output_text.delta":
                on_text("text", event.delta)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                on_text("reasoning", event.delta)
            case "response.output_item.done":
                self._items.append(_plain(event.item))
            case "response.completed" | "response.incomplete":
                self._final = event.response
            case "response.failed":
                error = event.response.error
                kind: Any = "context" if error and error.code == "context_length_exceeded" else "request"
                raise ModelError(error.message if error else "the provider gave up on its answer", kind)
            case "error":
                raise ModelError(event.message or "the provider gave up on its answer", "outage")
            case _:
                pass

    def reply(self) -> Reply:
        if self._final is None:
            raise ModelError("the answer ended before it was complete", "outage")
        items = [_plain(item) for item in self._final.output or ()] or self._items
        details = getattr(self._final, "incomplete_details", None)
        finish = (details.reason if details else "") or ("tool_calls" if _calls(items) else "stop")
        usage = _usage(self._final.usage) if self._final.usage else None
        return reply_of("responses", read, {"output": items}, finish, usage, getattr(self._final, "model", "") or "")


def read(message: dict[str, Any]) -> tuple[str, str, Iterator[Call]]:
    """The text, the reasoning and the calls of a response's output items."""
    items = message["output"]
    text = "".join(
        piece.get("text") or piece.get("refusal") or ""
        for item in items
        if item.get("type") == "message"
        for piece in item.get("content") or ()
    )
    thought = "\n\n".join(
        piece.get("text", "")
        for item in items
        if item.get("type") == "reasoning"
        for piece in (*(item.get("summary") or ()), *(item.get("content") or ()))
    )
    made = _calls(items)
    return text, thought, (native_call(one["call_id"], one["name"], one.get("arguments") or "{}") for one in made)


def _calls(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item.get("type") == "function_call"]


def _plain(item: Any) -> dict[str, Any]:
    plain: dict[str, Any] = item.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    return plain


def _usage(usage: Any) -> Usage:
    cached = getattr(usage.input_tokens_details, "cached_tokens", 0) or 0
    return Usage(
        input_tokens=max((usage.input_tokens or 0) - cached, 0),
        output_tokens=usage.output_tokens or 0,
        cache_read_tokens=cached,
        reasoning_tokens=getattr(usage.output_tokens_details, "reasoning_tokens", 0) or 0,
    )
