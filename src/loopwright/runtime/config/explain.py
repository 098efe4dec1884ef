"""Which value holds for each key, and who says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from loopwright.runtime.config.load import LoadedConfig
from loopwright.runtime.config.schema._section import Section
from loopwright.runtime.config.written import Loc, Origin, Tree, dotted

__all__ = ["Effective", "explain"]


class Effective(Struct, frozen=True):
    """One value that holds; `origins` are the places that say so, none for a default."""

    key: str
    value: Any
    origins: tuple[Origin, ...]


def explain(loaded: LoadedConfig, key: str = "") -> list[Effective]:
    """Every value that holds, in the order of the schema; of `key` and what is under it, where that is given."""
    rows = [
        Effective(dotted(loc), _json(value), _origins(loaded.tree, loc)) for loc, value in _values(loaded.config, ())
    ]
    return [row for row in rows if _under(row.key, key)]


def _under(key: str, wanted: str) -> bool:
    return not wanted or key == wanted or key.startswith((f"{wanted}.", f"{wanted}["))


def _values(value: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    """Sections, names that people choose, and lists of sections are gone into."""
    if isinstance(value, Section):
        for name, field in type(value).model_fields.items():
            yield from _values(getattr(value, name), (*loc, field.alias or name))
    elif isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _values(item, (*loc, name))
    elif isinstance(value, tuple) and any(isinstance(item, Section) for item in value):
        for index, item in enumerate(value):
            yield from _values(item, (*loc, index))
    else:
        yield loc, value


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float | dict) else str(value)


def _origins(tree: Tree, loc: Loc) -> tuple[Origin, ...]:
    for key in loc:
        if isinstance(tree.value, dict) and isinstance(key, str):
            if key not in tree.value:
                return ()
            tree = tree.value[key]
        elif isinstance(tree.value, list) and isinstance(key, int):
            tree = tree.value[key]
        elif not isinstance(key, int):
            # A short form, such as a list where the schema has a mapping: all that it stands for is said here.
            return (tree.origin,)
    items = tree.value if isinstance(tree.value, list) else []
    appended = {item.origin.file for item in items} > {tree.origin.file}
    return tuple(dict.fromkeys(item.origin for item in items)) if appended else (tree.origin,)
