"""The keys of the format: what may stand at a place of a file, what it means, and its documentation."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from pydantic.fields import FieldInfo

from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema._section import Means, Section
from loopwright.runtime.config.written import Loc, shipped_table

__all__ = ["Key", "Value", "at", "chosen", "documentation", "documented", "keys", "known_keys", "meaning", "values"]


class Key(msgspec.Struct, frozen=True):
    """One key.

    Attributes:
        path: With `*` for a name that people choose, and `[]` for an item of a list: `modes[].exit.when`.
        leaf: Whether it holds a value rather than more keys of the format.
        kind: What may be written there, in words.
    """

    path: str
    leaf: bool
    kind: str
    default: Any
    required: bool
    doc: str


class Value(NamedTuple):
    """One value of a loaded configuration, or (`chosen`) a name in it that people choose, with what the schema says."""

    loc: Loc
    value: Any
    annotation: Any
    chosen: bool = False

    def named(self) -> list[tuple[Loc, Any, Means]]:
        """Each text in it that stands for something, with its place and what it stands for."""
        means, items = meaning(self.annotation), [(self.loc, self.value)]
        if isinstance(self.value, tuple):
            items = [((*self.loc, index), item) for index, item in enumerate(self.value)]
        return [(loc, item, means) for loc, item in items if means is not None and item is not None]


def keys(section: type[Section] = AgentConfig, at: str = "", inside: tuple[type, ...] = ()) -> Iterator[Key]:
    """All keys, in the order of the schema. A section that contains itself is gone into once."""
    docs = documentation()[section.__name__]
    for name, field in section.model_fields.items():
        shown = field.alias or name
        suffix, inner = _peel(field.annotation)
        path = f"{at}.{shown}".removeprefix(".") + suffix
        leaf = inner is None or inner in (*inside, section)
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield Key(path, leaf, _kind(field.annotation), default, field.is_required(), docs.get(shown, ""))
        if inner is not None and not leaf:
            yield from keys(inner, path, (*inside, section))


def values(value: Any, annotation: Any = AgentConfig, loc: Loc = (), *, written: bool = False) -> Iterator[Value]:
    """Every value of a configuration, defaults too unless only what is `written` is asked for.

    Sections, names that people choose, and lists of sections are gone into.
    """
    bare = _bare(annotation)
    if isinstance(value, Section):
        for name, field in type(value).model_fields.items():
            if not written or name in value.model_fields_set:
                inner = getattr(value, name)
                yield from values(inner, _annotation(field), (*loc, field.alias or name), written=written)
    elif isinstance(value, dict) and value:
        chosen, inner = get_args(bare)
        for name, item in value.items():
            yield Value((*loc, name), name, chosen, chosen=True)
            yield from values(item, inner, (*loc, name), written=written)
    elif isinstance(value, tuple) and any(isinstance(item, Section) for item in value):
        for index, item in enumerate(value):
            yield from values(item, get_args(bare)[0], (*loc, index), written=written)
    else:
        yield Value(loc, value, annotation)


def at(loc: Loc) -> Any:
    """The annotation of this place of a file; None where the schema has none."""
    here: Any = AgentConfig
    for key in loc:
        here = _inside(here, key)
    return here


def chosen(annotation: Any) -> Any:
    """The annotation of the names that people choose in a mapping; None where it is no such mapping."""
    bare = _bare(annotation)
    return get_args(bare)[0] if get_origin(bare) is dict else None


def known_keys(loc: Loc) -> list[str]:
    """The keys that a mapping may have at this place of a file."""
    section = _section(at(loc))
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def meaning(annotation: Any) -> Means | None:
    """What a text stands for, or the texts of a list."""
    if get_origin(annotation) is Annotated:
        # The last one that is said; a more particular use comes after the general one.
        said = [each for each in annotation.__metadata__ if isinstance(each, Means)]
        return said[-1] if said else meaning(get_args(annotation)[0])
    inner = [each for each in get_args(annotation) if each is not type(None)]
    listed = get_origin(annotation) in (tuple, Union, types.UnionType)
    return meaning(inner[0]) if listed and inner else None


@cache
def documentation() -> dict[str, dict[str, str]]:
    """Name of a section -> key -> what it does."""
    return msgspec.convert(shipped_table("schema/keys.yaml"), dict[str, dict[str, str]])


def documented(loc: Loc) -> str:
    """What the innermost key on the way to this place does."""
    for end in range(len(loc) - 1, -1, -1):
        section = _section(at(loc[:end]))
        if section is not None and loc[end] in documentation()[section.__name__]:
            return documentation()[section.__name__][str(loc[end])]
    return ""


def _inside(annotation: Any, key: int | str) -> Any:
    """What is under `key`; what a validator wrapped around (an item as a list of one) is passed over."""
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        fields = annotation.model_fields
        return next((_annotation(field) for name, field in fields.items() if key in (name, field.alias)), None)
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        return item if isinstance(key, int) else _inside(item, key)
    return None


def _annotation(field: FieldInfo) -> Any:
    """As it is written in the schema: pydantic takes the outermost `Annotated` apart."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _section(annotation: Any) -> type[Section] | None:
    """The section that stands there, or in the list that stands there."""
    bare = _bare(annotation)
    bare = _bare(get_args(bare)[0]) if get_origin(bare) is tuple else bare
    return bare if isinstance(bare, type) and issubclass(bare, Section) else None


def _bare(annotation: Any) -> Any:
    """Without `Annotated` and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        some = [item for item in get_args(annotation) if item is not type(None)]
        return _bare(some[0]) if len(some) == 1 else annotation
    return annotation


def _peel(annotation: Any) -> tuple[str, type[Section] | None]:
    """The suffix of the path for lists and free names, and the section inside, if any."""
    bare, section = _bare(annotation), _section(annotation)
    if get_origin(bare) is dict:
        suffix, inner = _peel(get_args(bare)[1])
        return f".*{suffix}", inner
    return "[]" if section is not None and get_origin(bare) is tuple else "", section


_NAMES: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "none"}


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return ", ".join(f"`{item}`" for item in inner)
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return f"mapping of names to {_kind(inner[1])}"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_kind(item) for item in inner))
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "mapping"
    return _NAMES.get(annotation, "path" if getattr(annotation, "__name__", "") == "Path" else str(annotation))
