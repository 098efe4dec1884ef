"""Reading a script, and saying precisely what is wrong with one."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from loopwright.base import UsageError, nearest, one_line
from loopwright.gateway.scripted.schema import Script

__all__ = ["load_script", "parse_script"]

_MOST_BYTES = 32 << 20
# What PyYAML's own constructors raise on a value with a wrong tag, e.g. `!!int ""` or `!!timestamp x`.
_FROM_CONSTRUCTORS = (ValueError, LookupError, AttributeError, TypeError, RecursionError)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_script(path: Path) -> tuple[Script, str]:
    """Read a script and the files that it names.

    Returns:
        The script, with the content of every `file` as its `text`, and the SHA-256 of the script so completed.

    Raises:
        UsageError: A file is missing, or something in the script is wrong; file, line and key are named.
    """
    script = parse_script(_read(path, str(path)), str(path), path.parent)
    return script, hashlib.sha256(script.model_dump_json().encode()).hexdigest()


def parse_script(text: str, where: str, folder: Path) -> Script:
    """Understand the text of a script; `folder` is where its files are.

    Raises:
        UsageError: As `load_script`.
    """
    node, value = _parse_yaml(text, where)
    if not isinstance(value, dict):
        raise UsageError("a script is a mapping with version, name and replies", where=where)
    _inline_files(value, node, where, folder)
    try:
        return Script.model_validate(value)
    except ValidationError as error:
        raise _explain(error, node, where) from None


def _read(path: Path, where: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where, remedy="Check the path.") from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"is over {_MOST_BYTES >> 20} MiB", where=where)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8 at byte {error.start}", where=where) from None


def _parse_yaml(text: str, where: str) -> tuple[yaml.Node | None, Any]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        _refuse_duplicates(node, where)
        return node, loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}" if mark else where
        raise UsageError(f"not YAML: {one_line(error.problem or str(error))}", where=place) from None
    except (yaml.YAMLError, *_FROM_CONSTRUCTORS) as error:
        raise UsageError(f"not YAML: {one_line(str(error))}", where=where) from None
    finally:
        loader.dispose()


def _refuse_duplicates(root: yaml.Node | None, where: str) -> None:
    """PyYAML silently keeps the last of two equal keys; here that is an error. Anchors are visited once."""
    todo, visited = [root], set()
    while todo:
        node = todo.pop()
        if node is None or id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += node.value
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for at, (key, value) in enumerate(node.value):
                if isinstance(key, yaml.ScalarNode) and key.value in keys[:at]:
                    raise UsageError(f"the key {key.value!r} is here twice", where=_place(where, key))
                todo.append(value)


def _inline_files(value: dict[str, Any], root: yaml.Node | None, where: str, folder: Path) -> None:
    """Put the content of each `write.file` in place, so that the digest covers it."""
    for loc, call in _calls(value, (), set()):
        write = call.get("write")
        if isinstance(write, dict) and isinstance(write.get("file"), str) and "text" not in write:
            loc = (*loc, "write", "file")
            call["write"] = {key: item for key, item in write.items() if key != "file"} | {
                "text": _read(folder / write["file"], f"{_at(root, loc, where)}: {_dotted(loc)}: {write['file']}")
            }


def _calls(value: Any, at: tuple[int | str, ...], seen: set[int]) -> Iterator[tuple[tuple[int | str, ...], Any]]:
    """All calls of a list of replies, and of those that it delegates, with their places. YAML may hold itself."""
    replies = value.get("replies") if isinstance(value, dict) and id(value) not in seen else None
    seen.add(id(value))
    for number, reply in enumerate(replies if isinstance(replies, list) else []):
        calls = reply.get("calls") if isinstance(reply, dict) else None
        for index, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, dict):
                loc = (*at, "replies", number, "calls", index)
                yield loc, call
                yield from _calls(call.get("delegate"), (*loc, "delegate"), seen)


def _explain(error: ValidationError, root: yaml.Node | None, where: str) -> UsageError:
    first = error.errors(include_url=False)[0]
    loc = tuple(first["loc"])
    place = f"{_at(root, loc, where)}: {_dotted(loc)}" if loc else where
    if first["type"] == "extra_forbidden":
        known = _keys_at(loc[:-1])
        meant = nearest(str(loc[-1]), known)
        remedy = f"Did you mean {meant!r}?" if meant else f"Known here: {', '.join(known)}."
        return UsageError("unknown key", where=place, remedy=remedy)
    message = first["msg"].removeprefix("Value error, ")
    hint = 'Put it in quotes: "...".' if first["type"] == "string_type" else None
    return UsageError(one_line(message[:1].lower() + message[1:]), where=place, remedy=hint)


def _at(root: yaml.Node | None, loc: tuple[int | str, ...], where: str) -> str:
    """`file:line` of the deepest node on the way to `loc`."""
    node, best = root, root
    for step in loc:
        node = _step(node, step)
        if node is None:
            break
        best = node
    return _place(where, best)


def _step(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _place(where: str, node: yaml.Node | None) -> str:
    return f"{where}:{node.start_mark.line + 1}" if node is not None and node.start_mark else where


def _dotted(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).removeprefix(".")


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Script
    for step in loc:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `tuple[M, ...]` or `M | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Union, types.UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
