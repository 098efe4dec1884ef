"""Which value holds for each key, and who says so."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from loopwright.runtime.config.keys import values
from loopwright.runtime.config.load import LoadedConfig
from loopwright.runtime.config.written import Loc, Origin, Tree, dotted, reach

__all__ = ["Effective", "explain"]


class Effective(Struct, frozen=True):
    """One value that holds; `origins` are the places that say so, none for a default."""

    key: str
    value: Any
    origins: tuple[Origin, ...]


def explain(loaded: LoadedConfig, key: str = "") -> list[Effective]:
    """Every value that holds, in the order of the schema; of `key` and what is under it, where that is given."""
    held = [each for each in values(loaded.config) if not each.chosen]
    rows = [Effective(dotted(each.loc), _json(each.value), _origins(loaded.tree, each.loc)) for each in held]
    return [row for row in rows if not key or row.key == key or row.key.startswith((f"{key}.", f"{key}["))]


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float | dict) else str(value)


def _origins(tree: Tree, loc: Loc) -> tuple[Origin, ...]:
    done, node = reach(tree, loc)
    if done != loc and isinstance(node.value, dict):
        return ()
    # Not reached, and no mapping: a short form, such as a list where the schema has a mapping, says all of it.
    items = node.value if isinstance(node.value, list) else []
    appended = done == loc and {item.origin.file for item in items} > {node.origin.file}
    return tuple(dict.fromkeys(item.origin for item in items)) if appended else (node.origin,)
