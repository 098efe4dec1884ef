"""Taking fields out of a request that anybody may have written."""

from __future__ import annotations

from typing import Any

from loopwright.gateway.wire.neutral import BadRequest

__all__ = ["as_list", "as_number", "as_text", "field_names", "path_argument", "text_blocks", "text_of"]

_DEEPEST = 32
_PATH_FIELDS = ("path", "file_path", "filePath")


def as_list(body: dict[str, Any], key: str) -> list[Any]:
    """The list at `key`, or an empty one.

    Raises:
        BadRequest: It is there and not a list.
    """
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(f"`{key}` must be a list")
    return value


def as_text(body: dict[str, Any], key: str) -> str:
    """The string at `key`, or an empty one.

    Raises:
        BadRequest: It is there and not a string.
    """
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest(f"`{key}` must be a string")
    return value


def as_number(body: dict[str, Any], *keys: str) -> int | None:
    """The first whole number at one of `keys`, or None."""
    return next((body[key] for key in keys if isinstance(body.get(key), int)), None)


def text_of(content: Any, depth: int = 0) -> str:
    """The text in message content: a string, or a list of blocks with `text`, `content` or `output` in them.

    What is nested more deeply than any message is counts as no text.
    """
    if isinstance(content, str) or depth > _DEEPEST:
        return content if isinstance(content, str) else ""
    if isinstance(content, list):
        return "\n".join(filter(None, (text_of(item, depth + 1) for item in content)))
    if isinstance(content, dict):
        keys = ("text", "content", "output")
        return next((text_of(content[key], depth + 1) for key in keys if content.get(key)), "")
    return ""


def text_blocks(content: Any) -> list[str]:
    """The text in message content, block by block."""
    found = [text_of(block) for block in content] if isinstance(content, list) else [text_of(content)]
    return [text for text in found if text]


def field_names(schema: Any) -> tuple[str, ...]:
    """The names of the properties of a JSON schema."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return tuple(properties) if isinstance(properties, dict) else ()


def path_argument(arguments: Any) -> str:
    """The path that a tool call names, or an empty string. `arguments` is an object or its JSON."""
    if isinstance(arguments, str):
        import msgspec

        try:
            arguments = msgspec.json.decode(arguments)
        except msgspec.DecodeError:
            return ""
    if not isinstance(arguments, dict):
        return ""
    return next((arguments[key] for key in _PATH_FIELDS if isinstance(arguments.get(key), str)), "")
