"""The error shape that both OpenAI APIs share."""

from __future__ import annotations

from typing import Any

__all__ = ["openai_error"]

_TYPES = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


def openai_error(status: int, message: str, code: str) -> dict[str, Any]:
    """An error object, as `openai` SDKs and Codex read it."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
