"""What a call reads and writes, and when two calls may not run beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from loopwright.runtime.names import plain_name
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["EVERYTHING", "Claim", "claims_of", "clash"]

_ALL = "*"


class Claim(Struct, frozen=True):
    """One resource, and whether it is written. `*` is everything; `workspace` contains every `file:PATH`."""

    resource: str
    writes: bool


EVERYTHING = Claim(_ALL, True)
_CHECKPOINT = Claim("checkpoint", True)


def claims_of(
    tool: ToolSpec,
    arguments: Mapping[str, Any] | None,
    *,
    blocking: bool,
    located: Callable[[str], str] = plain_name,
) -> tuple[Claim, ...]:
    """What one call of `tool` claims.

    A tool that declares nothing claims everything where it is blocking, else nothing. A declared `{name}` is replaced
    by the handler's argument of that name; where that is missing, the whole workspace is meant. `located` gives the
    one name of a file, for two paths may lead to it. Calls that change files of the workspace claim the checkpoint
    too: each of them gets one of its own, so that a change belongs to one call, and a crash never comes between two.
    """
    if not tool.resources:
        return (EVERYTHING,) if blocking else ()
    claims = tuple(_claim(text, arguments or {}, located) for text in tool.resources)
    changes = any(claim.writes and claim.resource.startswith(("file:", "workspace")) for claim in claims)
    return (*claims, _CHECKPOINT) if changes else claims


def _claim(text: str, arguments: Mapping[str, Any], located: Callable[[str], str]) -> Claim:
    access, _, resource = text.partition(":")
    writes = access == "write"
    kind, _, name = resource.partition(":")
    if kind != "file":
        return Claim(resource, writes)
    if name.startswith("{") and name.endswith("}"):
        given = arguments.get(name[1:-1])
        if not isinstance(given, str):
            return Claim("workspace", writes)
        name = given
    path = located(name)
    return Claim("workspace" if path == "." else f"file:{path}", writes)


def clash(first: tuple[Claim, ...], second: tuple[Claim, ...]) -> str | None:
    """The resource that keeps two calls apart, in words; None where they may run beside each other."""
    for one in first:
        for other in second:
            if (one.writes or other.writes) and _overlap(one.resource, other.resource):
                return _words(one.resource, other.resource)
    return None


def _overlap(one: str, other: str) -> bool:
    if _ALL in (one, other) or one == other:
        return True
    if "workspace" in (one, other):
        return one.startswith("file:") or other.startswith("file:")
    if one.startswith("file:") and other.startswith("file:"):
        return one.startswith(f"{other}/") or other.startswith(f"{one}/")
    return False


def _words(one: str, other: str) -> str:
    narrow = other if one in (_ALL, "workspace") else one
    if narrow == _ALL:
        return "a tool that runs alone"
    return narrow.removeprefix("file:") if narrow.startswith("file:") else f"the {narrow}"
