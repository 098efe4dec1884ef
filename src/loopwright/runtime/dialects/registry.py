"""Which dialects there are. One line here, or an entry point of the group `loopwright.dialects`, adds one."""

from __future__ import annotations

import functools
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from loopwright.base import UsageError, nearest
from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import Dialect, ParseOptions

__all__ = ["dialect_names", "get_dialect", "render"]

GROUP = "loopwright.dialects"
_HERE = "loopwright.runtime.dialects"
_OWN = {
    "provider_native": "provider_native:ProviderNative",
    "pythonic": "pythonic:Pythonic",
    "bash_block": "bash_block:BashBlock",
    "aider_diff": "aider_diff:AiderDiff",
    "unified_diff": "unified_diff:UnifiedDiff",
    "opencode_patch": "opencode_patch:OpencodePatch",
    "xml": "xml:Xml",
    "json_block": "json_block:JsonBlock",
    "yaml_command": "yaml_command:YamlCommand",
}


def dialect_names() -> list[str]:
    """The names of all dialects, ours first. A plug-in cannot take the name of one of ours."""
    return [*_OWN, *(name for name in _plugins() if name not in _OWN)]


@functools.cache
def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@functools.cache
def get_dialect(name: str) -> Dialect:
    """The dialect with a name.

    Raises:
        UsageError: There is none; the nearest name is given.
    """
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        return cast("type[Dialect]", getattr(import_module(f"{_HERE}.{module}"), attribute))()
    point = _plugins().get(name)
    if point is None:
        close = nearest(name, dialect_names())
        advice = f"Did you mean `{close}`?" if close else f"There are: {', '.join(dialect_names())}."
        raise UsageError(f"There is no dialect `{name}`.", where="tools.dialects", remedy=advice)
    return cast("type[Dialect]", point.load())()


def render(dialect: str, call: Call, options: ParseOptions | None = None) -> str:
    """Write a call in a dialect, as a model should write it; reading the text gives the call again.

    Raises:
        UsageError: There is no such dialect, or its syntax cannot say this.
    """
    return get_dialect(dialect).render(call, options or ParseOptions())
