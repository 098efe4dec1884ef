"""Arguments of a call, from the text that a model wrote."""

from __future__ import annotations

import json
from typing import Any

from loopwright.base import valid
from loopwright.runtime.calls import Call

__all__ = ["native_call", "valid_json"]


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
