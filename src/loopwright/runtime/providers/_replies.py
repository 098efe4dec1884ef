"""Replies and calls, from the JSON that a model wrote, new or recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from loopwright.base import valid
from loopwright.record import Usage
from loopwright.runtime.calls import Call
from loopwright.runtime.providers.types import Api, ModelError, Reply

__all__ = ["Read", "native_call", "reply_of"]

Read = Callable[[dict[str, Any]], tuple[str, str, Iterable[Call]]]
"""Gives the text, the reasoning and the calls of a message in an API's own form."""


def reply_of(
    api: Api, read: Read, message: dict[str, Any], finish_reason: str = "", usage: Usage | None = None, model: str = ""
) -> Reply:
    """The reply that a message of an API is.

    Raises:
        ModelError: It calls a tool without a name or an id.
    """
    message = valid_json(message)
    text, thought, calls = read(message)
    calls = tuple(calls)
    if any(not (call.call_id and call.tool) for call in calls):
        raise ModelError("the model called a tool without a name or an id", "unreadable")
    return Reply(api, message, text, thought, calls, finish_reason, usage, model)


def native_call(call_id: str, name: str, raw: str) -> Call:
    """One of the provider's own calls; `raw` is the JSON that the model wrote, which may be none."""
    try:
        arguments = valid_json(json.loads(raw or "{}"))
    except (ValueError, RecursionError) as error:
        return Call(call_id, name, None, raw, problem=f"the arguments are not JSON: {error}")
    if not isinstance(arguments, dict):
        return Call(call_id, name, None, raw, problem="the arguments are not a JSON object")
    return Call(call_id, name, arguments, raw)


def valid_json(value: Any) -> Any:
    """A JSON value whose texts can be encoded: models do write escapes of lone surrogates."""
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, dict):
        return {valid(str(key)): valid_json(item) for key, item in value.items()}
    return [valid_json(item) for item in value] if isinstance(value, list) else value
