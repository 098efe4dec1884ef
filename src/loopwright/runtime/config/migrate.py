"""A foreign V2 file in our form: what stays, what has another name, what did nothing there, what is refused here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec import Struct, structs
from pydantic import ValidationError

from loopwright.base import UsageError
from loopwright.runtime.config.conditions import parse
from loopwright.runtime.config.keys import keys
from loopwright.runtime.config.known import rule_names
from loopwright.runtime.config.refused import reason_to_refuse
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.written import Loc, Tree, dotted, read_tree

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


_KEYS = {
    "turn_strategy": "loop.turn_strategy",
    "tool_timeout": "workspace.sandbox.command_seconds",
    "completion.enable_provider_signals": "completion.provider_signals",
    "tools.dialects.create_file_policy.aider_search_replace": "tools.dialects.create_file_policy.aider_diff",
}
_LAST = {"system_plan_strict": "system_plan", "per_turn_plan_strict": "per_turn_plan"}
_DIALECTS = {
    "aider_search_replace": "aider_diff",
    "pythonic02": "pythonic",
    "pythonic_inline": "pythonic",
    "anthropic_xml": "xml",
    "openai_function_calling": "provider_native",
}
_TOOLS = {
    "apply_search_replace": "edit_file",
    "apply_unified_patch": "apply_patch",
    "create_file_from_block": "write_file",
    "mark_task_complete": "finish",
}
# Where values (or keys of a mapping) are names of the one or the other kind.
_NAMES: dict[str, dict[str, str]] = {
    "tools.dialects.preference*": _DIALECTS,
    "tools.dialects.selection*": _DIALECTS,
    "prompts.tool_prompt_synthesis.*": _DIALECTS,
    "tools.overlays.syntax_style*": _DIALECTS | _TOOLS,
    "tools.overlays.*": _TOOLS,
    "tools.registry.include": _TOOLS,
    "tools.aliases*": _TOOLS,
    "modes.tools_*": _TOOLS,
    "concurrency.*": _TOOLS,
    "completion.tool_finish": _TOOLS,
    "workspace.sandbox.driver": {"docker": "strongest", "process": "strongest"},
    "prompts.tool_prompt_mode": {"system_compiled_and_persistent_per_turn": "system_and_per_turn"},
    "enhanced_tools.validation.rule_config*": {"error": "deny"},
}
# What was read by nothing in the code that these files come from, or had no effect there.
_INERT = (
    "profile.*",
    "workspace.sandbox.*",
    "providers.models.params.*",
    "prompts.tool_prompt_synthesis.selection.by_model*",
    "tools.overlays.rename*",
    "modes.tools_*",
    "modes.exit*",
    "loop.plan_turn_limit",
    "loop.sequence.while",
    "loop.sequence.do*",
    "loop.turn_strategy.allow_multiple_per_turn",
    "loop.turn_strategy.tool_result_injection",
    "concurrency.groups.barrier_after",
    "completion.*",
    "logging.redact",
    "logging.include_raw",
    "logging.include_structured_requests",
    "logging.retention*",
    "telemetry.*",
)


_PATHS = (
    "extends",
    "workspace.root",
    "workspace.mirror.path",
    "prompts.packs.*",
    "prompts.tool_prompt_synthesis.root",
    "prompts.tool_prompt_synthesis.dialects.*",
    "logging.root_dir",
    "telemetry.database_path",
)


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
        new = _new_loc(loc)
        value = _moved(_glob(new), _renamed(_glob(new), _unwritten(tree)), path.absolute().parent, folder)
        taken[new], changes[new] = value, _change(loc, new, _unwritten(tree) != value, str(tree.origin))
    for loc, reason in _unusable(taken):
        changes[loc] = structs.replace(changes[loc], status="refused", what=reason)
    kept = _nested({loc: value for loc, value in taken.items() if changes[loc].status != "refused"})
    return Migrated(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=110), tuple(changes.values()))


def _leaves(tree: Tree, at: Loc) -> Iterator[tuple[Loc, Tree]]:
    """Values, lists of values, and empty mappings; with `loop.sequence`, lists of mappings are gone into."""
    if isinstance(tree.value, dict) and tree.value:
        for key, item in tree.value.items():
            yield from _leaves(item, (*at, key))
    elif isinstance(tree.value, list) and any(isinstance(item.value, dict) for item in tree.value):
        for index, item in enumerate(tree.value):
            yield from _leaves(item, (*at, index))
    else:
        yield at, tree


def _unwritten(tree: Tree) -> Any:
    """The value as plain YAML has it."""
    if isinstance(tree.value, list):
        return [_unwritten(item) for item in tree.value]
    return str(tree.value) if isinstance(tree.value, str) else {} if isinstance(tree.value, dict) else tree.value


def _glob(loc: Loc) -> str:
    return ".".join(key for key in loc if isinstance(key, str))


def _new_loc(loc: Loc) -> Loc:
    path = _glob(loc)
    for old, new in _KEYS.items():
        if path == old or path.startswith(f"{old}."):
            loc = (*new.split("."), *loc[len(old.split(".")) :])
    names = {} if loc[:2] == ("tools", "aliases") else _names(_glob(loc))
    renamed = [names.get(key, key) if isinstance(key, str) else key for key in loc]
    last = str(loc[-1])
    return (*renamed[:-1], _LAST.get(last, renamed[-1]))


def _names(path: str) -> dict[str, str]:
    return next((names for glob, names in _NAMES.items() if fnmatchcase(path, glob)), {})


def _renamed(path: str, value: Any) -> Any:
    if path == "tools.registry.paths":
        # Definitions of tools have another form here; the two sets of the seed have their like.
        folders = value if isinstance(value, list) else [value]
        return list(dict.fromkeys(_tool_set(str(folder)) for folder in folders))
    names = _names(path)
    if isinstance(value, list):
        return list(dict.fromkeys(names.get(item, item) if isinstance(item, str) else item for item in value))
    return names.get(value, value) if isinstance(value, str) else value


def _tool_set(folder: str) -> str:
    name = folder.rstrip("/").rpartition("/")[2]
    return name if name.startswith("@") else "@opencode" if {"oc", "opencode"} & set(name.split("_")) else "@core"


def _moved(path: str, value: Any, old: Path, new: Path) -> Any:
    """Paths relative to the new place of the file."""
    if isinstance(value, list):
        return [_moved(path, item, old, new) for item in value] if path in _PATHS else value
    if not isinstance(value, str) or not any(fnmatchcase(path, glob) for glob in _PATHS):
        return value
    return value if old == new or value.startswith(("/", "~")) else os.path.relpath(old / value, new)


def _change(old: Loc, new: Loc, other_value: bool, where: str) -> Change:
    reason = reason_to_refuse(new)
    if reason is not None:
        return Change(dotted(old), "refused", where, reason)
    if any(fnmatchcase(_glob(old), glob) for glob in _INERT):
        return Change(dotted(old), "inert", where, f"it had no effect there; here: {_documented(new)}")
    if old != new:
        return Change(dotted(old), "renamed", where, f"it is {dotted(new)} here")
    return (
        Change(dotted(old), "renamed", where, "names in its value are other ones here")
        if other_value
        else Change(dotted(old), "same", where)
    )


def _documented(loc: Loc) -> str:
    docs = {key.path.replace("[]", ""): key.doc for key in keys()}
    path = _glob(loc)
    return next((doc for known, doc in docs.items() if fnmatchcase(path, known)), "") or docs.get(
        path.rpartition(".")[0], ""
    )


def _unusable(taken: dict[Loc, Any]) -> Iterator[tuple[Loc, str]]:
    """Values that our schema, conditions and rules cannot take; found again until nothing is left to be found."""
    left = {loc: value for loc, value in taken.items() if reason_to_refuse(loc) is None}
    found = [(loc, reason) for loc, value in left.items() if (reason := _unknown(loc, value))]
    while found:
        yield from found
        left = {loc: value for loc, value in left.items() if loc not in dict(found)}
        found = list(_invalid(left))


def _unknown(loc: Loc, value: Any) -> str:
    path = _glob(loc)
    if path.endswith((".if", ".while", ".exit.when")):
        for text in value if isinstance(value, list) else [value]:
            try:
                parse(str(text))
            except UsageError as error:
                return error.what
    if path == "enhanced_tools.validation.rules" and (lost := set(value) - set(rule_names())):
        return f"there is no rule {', '.join(sorted(lost))}; add the others by hand"
    return ""


def _invalid(left: dict[Loc, Any]) -> Iterator[tuple[Loc, str]]:
    try:
        AgentConfig.model_validate(_tuples(_nested(left)))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            loc = tuple(key for key in details["loc"])
            if details["type"] != "missing":
                yield from (
                    (one, details["msg"].removeprefix("Value error, "))
                    for one in left
                    if one[: len(loc)] == loc or loc[: len(one)] == one
                )


def _nested(flat: dict[Loc, Any]) -> Any:
    """Mappings and lists from values with their paths; gaps in lists close."""
    if list(flat) == [()]:
        return flat[()]
    heads = dict.fromkeys(loc[0] for loc in flat)
    parts = {head: _nested({loc[1:]: value for loc, value in flat.items() if loc[0] == head}) for head in heads}
    return list(parts.values()) if parts and all(isinstance(head, int) for head in heads) else parts


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
