"""A foreign V2 file in our form: what stays, what has another name, what did nothing there, what is refused here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec import Struct, structs
from pydantic import ValidationError

from loopwright.base import UsageError
from loopwright.runtime.config.conditions import parse
from loopwright.runtime.config.foreign import foreign, globbed, reason_to_refuse
from loopwright.runtime.config.keys import at, chosen, documented, meaning
from loopwright.runtime.config.problems import in_words, without_echoes
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema._section import Written
from loopwright.runtime.config.written import Loc, Tree, dotted, plain, read_tree

__all__ = ["Change", "Migrated", "migrate"]

Status = Literal["same", "renamed", "inert", "refused"]


class Change(Struct, frozen=True):
    """What became of one key. `inert`: it did nothing there; `what` says what it does here."""

    key: str
    status: Status
    where: str
    what: str = ""


class Migrated(Struct, frozen=True):
    """The file in our form, and what became of each key."""

    text: str
    changes: tuple[Change, ...]


def migrate(path: Path, folder: Path) -> Migrated:
    """Take over a foreign file; `extends` is kept, and the file that it names is to be migrated by itself.

    Args:
        path: The foreign file.
        folder: Where the result will lie; paths are written relative to it.

    Raises:
        UsageError: It cannot be read, or is no YAML.
    """
    taken: dict[Loc, Any] = {}
    changes: dict[Loc, Change] = {}
    for loc, tree in _leaves(read_tree(path), ()):
        new, old_value = _new_loc(loc), plain(tree)
        values = [_new_value(new, item, path.absolute().parent, folder) for item in _listed(old_value)]
        once = tuple(value for index, value in enumerate(values) if value not in values[:index])
        taken[new] = once if isinstance(old_value, tuple) else values[0]
        changes[new] = _change(loc, new, taken[new] != old_value, str(tree.origin))
    for loc, reason in _unusable(taken):
        changes[loc] = structs.replace(changes[loc], status="refused", what=reason)
    kept = _nested({loc: value for loc, value in taken.items() if changes[loc].status != "refused"})
    text = yaml.dump(kept, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return Migrated(text, tuple(changes.values()))


class _Dumper(yaml.SafeDumper):
    """Writes strings that know their file as strings."""


_Dumper.add_representer(Written, yaml.SafeDumper.represent_str)


def _leaves(tree: Tree, loc: Loc) -> Iterator[tuple[Loc, Tree]]:
    """Values, lists of values, and empty mappings; with `loop.sequence`, lists of mappings are gone into."""
    inside: Iterable[tuple[int | str, Tree]] = tree.value.items() if isinstance(tree.value, dict) else ()
    if isinstance(tree.value, list) and any(isinstance(item.value, dict) for item in tree.value):
        inside = enumerate(tree.value)
    if not inside:
        yield loc, tree
    for key, item in inside:
        yield from _leaves(item, (*loc, key))


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _new_loc(loc: Loc) -> Loc:
    path, tables = globbed(loc), foreign()
    for old, new in tables.keys.items():
        if path == old or path.startswith(f"{old}."):
            loc = (*new.split("."), *loc[len(old.split(".")) :])
    for end, key in enumerate(loc):
        means = meaning(chosen(at(loc[:end])))
        loc = (*loc[:end], tables.names.get(means.what if means else "", {}).get(str(key), key), *loc[end + 1 :])
    return (*loc[:-1], tables.last.get(str(loc[-1]), loc[-1])) if loc else loc


def _new_value(loc: Loc, value: Any, old: Path, new: Path) -> Any:
    """A name as it is here, and a path as seen from the new place of the file."""
    if not isinstance(value, str):
        return value
    path, means, tables = globbed(loc), meaning(at(loc)), foreign()
    if path == "tools.registry.paths":
        return _tool_set(value)
    if means is not None and means.what in ("path", "file", "folder"):
        return value if old == new or value.startswith(("/", "~")) else os.path.relpath(old / value, new)
    names = tables.names.get(means.what if means else "", {})
    names = next((names for glob, names in tables.values.items() if fnmatchcase(path, glob)), names)
    return names.get(value, str(value))


def _tool_set(folder: str) -> str:
    """Definitions of tools have another form here; the two sets that were shipped there have their like."""
    name = folder.rstrip("/").rpartition("/")[2]
    return name if name.startswith("@") else "@opencode" if {"oc", "opencode"} & set(name.split("_")) else "@core"


def _change(old: Loc, new: Loc, other_value: bool, where: str) -> Change:
    reason = reason_to_refuse(new)
    if reason is not None:
        return Change(dotted(old), "refused", where, reason)
    if any(fnmatchcase(globbed(old), glob) for glob in foreign().inert):
        return Change(dotted(old), "inert", where, f"it had no effect there; here: {documented(new)}")
    if old != new:
        return Change(dotted(old), "renamed", where, f"it is {dotted(new)} here")
    if other_value:
        return Change(dotted(old), "renamed", where, "names in its value are other ones here")
    return Change(dotted(old), "same", where)


def _unusable(taken: dict[Loc, Any]) -> Iterator[tuple[Loc, str]]:
    """Values that our schema, conditions and rules cannot take; found again until nothing is left to be found."""
    left = {loc: value for loc, value in taken.items() if reason_to_refuse(loc) is None}
    found = {loc: reason for loc, value in left.items() if (reason := _unknown(loc, value))}
    while left:
        yield from found.items()
        left = {loc: value for loc, value in left.items() if loc not in found}
        found = dict(_invalid(left))
        if not found:
            return


def _unknown(loc: Loc, value: Any) -> str:
    from loopwright.runtime.rules import RULES

    means = meaning(at(loc))
    if means is not None and means.what == "condition":
        for text in _listed(value):
            try:
                parse(str(text))
            except UsageError as error:
                return error.what
    rules = _listed(value) if means is not None and means.what == "rule" else ()
    lost = sorted({str(rule) for rule in rules} - set(RULES))
    return f"there is no rule {', '.join(lost)}; add the others by hand" if lost else ""


def _invalid(left: dict[Loc, Any]) -> Iterator[tuple[Loc, str]]:
    try:
        AgentConfig.model_validate(_nested(left))
    except ValidationError as error:
        for details in without_echoes(error):
            loc = details["loc"]
            if details["type"] != "missing":
                what = in_words(details, loc) if loc else details["msg"]
                yield from ((one, what) for one in left if one[: len(loc)] == loc or loc[: len(one)] == one)


def _nested(flat: dict[Loc, Any]) -> Any:
    """Mappings and lists from values with their paths; gaps in lists close."""
    if list(flat) == [()]:
        return flat[()]
    heads = dict.fromkeys(loc[0] for loc in flat)
    parts = {head: _nested({loc[1:]: value for loc, value in flat.items() if loc[0] == head}) for head in heads}
    return tuple(parts.values()) if parts and all(isinstance(head, int) for head in heads) else parts
