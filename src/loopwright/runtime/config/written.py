"""A YAML file as a tree that knows of each value in which file and line it stands."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from loopwright.base import UsageError, one_line
from loopwright.runtime.config.schema._section import Written

__all__ = ["Loc", "Origin", "Tree", "dotted", "plain", "reach", "read_text", "read_tree", "shipped_table"]

Loc = tuple[int | str, ...]
Plain = str | int | float | bool | None

_MOST_BYTES = 1 << 20
_MOST_VALUES = 20_000
_DEEPEST = 40
_TAGS = ("!append", "!unset")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What PyYAML's own constructors raise on a value with a wrong tag, e.g. `!!int ""` or `!!timestamp x`.
_FROM_CONSTRUCTORS = (ValueError, LookupError, AttributeError, TypeError, RecursionError)


class Origin(Struct, frozen=True):
    """Where a value stands; lines count from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{_near(self.file)}:{self.line}"


def _near(path: Path) -> str:
    """The path as a person here would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


class Tree(Struct, frozen=True):
    """One value of the file: a mapping, a list, or a plain value; `tag` is `!append`, `!unset` or empty."""

    value: dict[str, Tree] | list[Tree] | Plain
    origin: Origin
    tag: str = ""


class _Reader:
    """One file. Counts what it builds, so that a file that refers to itself, or multiplies itself, is refused."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loader = _Loader(read_text(path).decode())
        self._values = 0

    def tree(self) -> Tree:
        try:
            node = self._loader.get_single_node()
            return self._build(node, 0) if node is not None else Tree({}, Origin(self._path, 1))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = str(Origin(self._path, mark.line + 1)) if mark else _near(self._path)
            raise UsageError(f"not YAML: {one_line(error.problem or str(error))}", where=place) from None
        except (yaml.YAMLError, *_FROM_CONSTRUCTORS) as error:
            raise UsageError(f"not YAML: {one_line(str(error))}", where=_near(self._path)) from None
        finally:
            self._loader.dispose()

    def _build(self, node: yaml.Node, depth: int) -> Tree:
        origin = Origin(self._path, node.start_mark.line + 1)
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:
            raise UsageError("nested too deeply, or too many values", where=str(origin))
        tag = node.tag if node.tag.startswith("!") else ""
        if tag and tag not in _TAGS:
            raise UsageError(f"unknown tag {tag}", where=str(origin), remedy="There are !append and !unset.")
        value: dict[str, Tree] | list[Tree] | Plain
        if isinstance(node, yaml.MappingNode):
            value = self._mapping(node, depth)
        elif isinstance(node, yaml.SequenceNode):
            value = [self._build(item, depth + 1) for item in node.value]
        else:
            value = None if tag else self._scalar(node, origin)
        return _checked(Tree(value, origin, tag))

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            origin = Origin(self._path, key_node.start_mark.line + 1)
            if key_node.tag != "tag:yaml.org,2002:str":
                raise UsageError(
                    f"the key {key_node.value!r} is not a text", where=str(origin), remedy="Put it in quotes."
                )
            if key_node.value in found:
                raise UsageError(f"the key {key_node.value!r} is here twice", where=str(origin))
            tree = self._build(value_node, depth + 1)
            # The line of the key is where a person looks.
            found[key_node.value] = Tree(tree.value, origin, tree.tag)
        return found

    def _scalar(self, node: yaml.Node, origin: Origin) -> Plain:
        value = self._loader.construct_object(node)
        if isinstance(value, str):
            return Written.at(value, self._path)
        if value is None or isinstance(value, bool | int | float):
            return value
        raise UsageError(f"{node.value!r} is a {type(value).__name__}", where=str(origin), remedy="Put it in quotes.")


def shipped_table(name: str) -> Any:
    """A table that lies beside this code, as plain values."""
    return yaml.load((files("loopwright.runtime.config") / name).read_text(encoding="utf-8"), _Loader)


def read_tree(path: Path) -> Tree:
    """Read a file. Anchors are followed.

    Raises:
        UsageError: It cannot be read, is no YAML, has a key twice, or a tag that is not ours; says where.
    """
    return _Reader(path).tree()


def read_text(path: Path) -> bytes:
    """The content of a file of UTF-8 text.

    Raises:
        UsageError: It cannot be read, is over 1 MiB, or is not UTF-8.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"is over {_MOST_BYTES >> 20} MiB", where=_near(path))
        data = path.read_bytes()
        data.decode("utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=_near(path), remedy="Check the path.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8 at byte {error.start}", where=_near(path)) from None
    return data


def _checked(tree: Tree) -> Tree:
    if tree.tag == "!append" and not isinstance(tree.value, list):
        raise UsageError("!append is for a list", where=str(tree.origin), remedy="Write !append [ITEM, ...].")
    return tree


def plain(tree: Tree) -> Any:
    """The values alone: dicts, tuples, and strings that know their file."""
    if isinstance(tree.value, dict):
        return {key: plain(item) for key, item in tree.value.items()}
    return tuple(map(plain, tree.value)) if isinstance(tree.value, list) else tree.value


def reach(tree: Tree, loc: Loc) -> tuple[Loc, Tree]:
    """The deepest value on the way to `loc`, and how far that is.

    What a validator put between (an item as a list of one, the name of an alternative) is passed over; a mapping that
    lacks a key of the way is the end of it.
    """
    done: Loc = ()
    for key in loc:
        if isinstance(tree.value, dict) and isinstance(key, str):
            if key not in tree.value:
                break
            tree = tree.value[key]
        elif isinstance(tree.value, list) and isinstance(key, int) and key < len(tree.value):
            tree = tree.value[key]
        else:
            continue
        done = (*done, key)
    return done, tree


def dotted(loc: Loc) -> str:
    """A path as people write it: `modes[0].name`, `by_model["openai/*"]`."""
    text = ""
    for key in loc:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key}" if key.replace("-", "_").isidentifier() else f'["{key}"]'
    return text.removeprefix(".")
