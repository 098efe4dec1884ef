"""The request as the provider gets it: the agent's bytes, but for the model's name and the wish for usage."""

from __future__ import annotations

from typing import Any

import msgspec

from loopwright.gateway._call import Call

__all__ = ["outgoing_body", "wants_usage_added"]


def wants_usage_added(call: Call) -> bool:
    """Whether a chat stream would come without its token counts unless we ask for them."""
    options = call.value.get("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    return call.wire.api == "chat" and call.streamed and not asked


def outgoing_body(call: Call, model: str) -> bytes:
    """The body to send. Values that we do not change keep their bytes.

    Args:
        call: The call.
        model: The name to ask the provider for, or an empty string for the agent's own choice.
    """
    changes: dict[str, Any] = {}
    if model and call.model_asked != model:
        changes["model"] = model
    if wants_usage_added(call):
        options = call.value.get("stream_options")
        changes["stream_options"] = (options if isinstance(options, dict) else {}) | {"include_usage": True}
    if not changes:
        return call.body
    fields = msgspec.json.decode(call.body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(fields | {key: msgspec.Raw(msgspec.json.encode(new)) for key, new in changes.items()})
