"""What a request holds, in one form for all APIs: the system prompt, the messages, the tools, the settings."""

from __future__ import annotations

from typing import Any

__all__ = ["message_text", "newest_user_text", "settings_of", "since", "structured", "system_text", "tools_of"]

_CONVERSATION = {"chat": "messages", "messages": "messages", "responses": "input"}


def system_text(api: str, request: dict[str, Any]) -> str:
    """The system prompt as it was sent."""
    if api == "responses":
        return str(request.get("instructions") or "")
    if api == "messages":
        return _joined(request.get("system"))
    messages: list[dict[str, Any]] = request.get("messages") or []
    return message_text(messages[0]) if messages and messages[0].get("role") == "system" else ""


def tools_of(request: dict[str, Any]) -> list[Any]:
    """The tools that were offered as schemas."""
    return list(request.get("tools") or ())


def settings_of(api: str, request: dict[str, Any]) -> dict[str, Any]:
    """Everything but the conversation, the system prompt and the tools."""
    hidden = {_CONVERSATION[api], "tools", "system", "instructions"}
    return {name: value for name, value in request.items() if name not in hidden}


def messages_of(api: str, request: dict[str, Any]) -> list[Any]:
    """The conversation without the system prompt."""
    messages = list(request.get(_CONVERSATION[api]) or ())
    return [one for one in messages if not (isinstance(one, dict) and one.get("role") == "system")]


def newest_user_text(api: str, request: dict[str, Any]) -> str:
    """The text of the newest message of the user."""
    for message in reversed(messages_of(api, request)):
        if isinstance(message, dict) and message.get("role") == "user":
            return message_text(message)
    return ""


def message_text(message: dict[str, Any]) -> str:
    """The text of a message, of whichever API."""
    return _joined(message.get("content"))


def structured(api: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request in the form that is the same for all APIs."""
    return {
        "api": api,
        "system": system_text(api, request),
        "messages": messages_of(api, request),
        "tools": tools_of(request),
        "settings": settings_of(api, request),
    }


def since(before: dict[str, Any], name: str, now: dict[str, Any]) -> dict[str, Any]:
    """What a structured request adds to the one `before` it, which is in the file `name`; whole where that is no part.

    `same_as` has the file and how many of its messages come first; what is the same there is left out.
    """
    kept = len(before["messages"])
    if before["api"] != now["api"] or now["messages"][:kept] != before["messages"]:
        return now
    others = {key: now[key] for key in ("system", "tools", "settings") if now[key] != before[key]}
    same = {"file": name, "messages": kept}
    return {"api": now["api"], "same_as": same, **others, "messages": now["messages"][kept:]}


def _joined(content: Any) -> str:
    if isinstance(content, str):
        return content
    pieces = content if isinstance(content, list) else []
    return "\n\n".join(
        str(piece.get("text") or "") for piece in pieces if isinstance(piece, dict) and piece.get("text")
    )
