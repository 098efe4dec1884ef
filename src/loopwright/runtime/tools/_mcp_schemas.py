"""What a foreign server says of its tools, as what APIs take: names, and parameters that stand on their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loopwright.base import clip, one_line
from loopwright.runtime.tools.spec import Parameter

__all__ = ["offered_name", "parameters_of"]

_MOST_NAME = 64
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]")
_APART = ("description", "default")
_DEEPEST = 12
_MOST_PIECES = 5000
_NUMBERS = ("minimum", "maximum")


def offered_name(server: str, tool: str) -> str:
    """The name by which a model calls a server's tool: the APIs take letters, digits, `_` and `-`, at most 64."""
    return _UNNAMEABLE.sub("_", f"{server}__{tool}")[:_MOST_NAME]


def parameters_of(schema: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters of a tool, from its JSON schema; what cannot be understood in it is left out.

    References into the schema's own definitions are replaced by what they stand for, since each parameter is offered
    without them. One that leads into itself ends as a value of any kind.
    """
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return ()
    needed, whole = required if isinstance(required, list) else [], _Whole(schema)
    return tuple(
        _parameter(name, whole.of(described), name in needed)
        for name, described in properties.items()
        if isinstance(described, Mapping)
    )


def _parameter(name: str, described: dict[str, Any], needed: bool) -> Parameter:
    schema = {key: value for key, value in described.items() if key not in _APART and _checkable(key, value)}
    text = clip(one_line(str(described.get("description", ""))), 300)
    return Parameter(name, schema, text, needed, described.get("default"))


def _checkable(key: str, value: Any) -> bool:
    """Whether arguments can be checked by what is said; a server may say anything."""
    if key in _NUMBERS:
        return isinstance(value, int | float)
    return key != "enum" or isinstance(value, list)


class _Whole:
    """Follows the references of one schema. `left` bounds the work: few definitions can stand for endless ones."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = _MOST_PIECES

    def of(self, value: Any, within: tuple[str, ...] = ()) -> Any:
        """A piece of the schema with its references followed, `within` what the references before it named."""
        self._left -= 1
        if isinstance(value, list):
            return [self.of(each, within) for each in value if self._left > 0]
        if not isinstance(value, Mapping):
            return value
        beside = {name: self.of(each, within) for name, each in value.items() if name != "$ref" and self._left > 0}
        reference = value.get("$ref")
        if not isinstance(reference, str) or reference in within or len(within) >= _DEEPEST:
            return beside
        found = self.of(self._referred(reference), (*within, reference))
        return {**(found if isinstance(found, dict) else {}), **beside}

    def _referred(self, reference: str) -> Any:
        """What `#/a/b` names in the schema; None where it names nothing there."""
        found: Any = self._root if reference.startswith("#/") else None
        for name in reference[2:].split("/"):
            found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        return found
