"""OpenAI's chat completions: also the language of most other servers."""

from __future__ import annotations

from typing import Any

from loopwright.record import Usage
from loopwright.runtime.providers._arguments import native_call, valid_json
from loopwright.runtime.providers._errors import sdk_errors
from loopwright.runtime.providers._openai import OpenAIProvider
from loopwright.runtime.providers._schemas import all_required, binds
from loopwright.runtime.providers.types import (
    Answered,
    Api,
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

__all__ = ["ChatProvider", "chat_body", "read_chat_message"]

# What a model thought is shown and recorded; servers that have a use for it want it back in this field only.
_SENT_BACK = ("role", "content", "refusal", "tool_calls", "reasoning_details")


class ChatProvider(OpenAIProvider):
    """Asks by `POST /v1/chat/completions`, streamed."""

    api: Api = "chat"

    async def ask(self, request: Request, on_text: OnText) -> Reply:
        """Send a request and gather the stream. See `Provider.ask`."""
        from openai import OpenAIError

        gathered = _Gathered()
        with sdk_errors(OpenAIError):
            async with await self._client.chat.completions.create(**chat_body(request)) as stream:
                async for chunk in stream:
                    gathered.take(chunk, on_text)
            return gathered.reply()


def chat_body(request: Request) -> dict[str, Any]:
    """The request's body."""
    params = request.params
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_system(request), *(message for entry in request.entries for message in _messages(entry))],
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
    }
    return {name: value for name, value in body.items() if value is not None}


def _system(request: Request) -> dict[str, Any]:
    return {"role": "system", "content": "\n\n".join(chunk.text for chunk in request.system)}


def _messages(entry: Entry) -> list[dict[str, Any]]:
    match entry:
        case Prompt():
            return [{"role": "user", "content": entry.text}]
        case Said():
            return [{"role": "assistant", "content": entry.text}]
        case Reply():
            return [{name: entry.message[name] for name in _SENT_BACK if name in entry.message}]
        case Results():
            return [_result(answer) for answer in entry.answers]


def _result(answer: Answered) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": answer.call.call_id, "content": answer.text}


def _tool(tool: ToolSpec, *, strict: bool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if binds(tool, strict=strict):
        return {"type": "function", "function": {**function, "parameters": all_required(tool), "strict": True}}
    return {"type": "function", "function": {**function, "parameters": tool.json_schema()}}


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
        return read_chat_message(message, self._finish, self._usage, self._model)


def read_chat_message(
    message: dict[str, Any], finish_reason: str = "", usage: Usage | None = None, model: str = ""
) -> Reply:
    """A reply from an assistant message, new or recorded.

    Raises:
        ModelError: It calls a tool without a name or an id.
    """
    message = valid_json(message)
    text = message.get("content") or message.get("refusal") or ""
    if not (message.get("content") or message.get("tool_calls")):
        message = {**message, "content": text}
    calls = tuple(
        native_call(call["id"], call["function"]["name"], call["function"].get("arguments") or "{}")
        for call in message.get("tool_calls") or ()
    )
    if any(not (call.call_id and call.tool) for call in calls):
        raise ModelError("the model called a tool without a name or an id", "unreadable")
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    return Reply("chat", message, text, thought, calls, finish_reason, usage, model)


def _usage(usage: Any) -> Usage:
    details, output = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Usage(
        input_tokens=max((usage.prompt_tokens or 0) - cached, 0),
        output_tokens=usage.completion_tokens or 0,
        cache_read_tokens=cached,
        reasoning_tokens=(output.reasoning_tokens if output else None) or 0,
    )
