"""The keys of the format, with their documentation, read from the schema and its docstrings."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema._section import Section

__all__ = ["Key", "documentation", "keys", "known_keys", "section_at"]


class Key(Struct, frozen=True):
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


def keys(model: type[BaseModel] = AgentConfig, at: str = "", inside: tuple[type, ...] = ()) -> Iterator[Key]:
    """All keys, in the order of the schema. A section that contains itself is gone into once."""
    docs = documentation(model)
    for name, field in model.model_fields.items():
        shown = field.alias or name
        suffix, section = _peel(field.annotation)
        path = f"{at}.{shown}".removeprefix(".") + suffix
        again = section is None or section in (*inside, model)
        yield Key(path, again, _kind(field.annotation), _default(field), field.is_required(), docs.get(name, ""))
        if section is not None and not again:
            yield from keys(section, path, (*inside, model))


def known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that a mapping may have at this place of a file."""
    section = section_at(loc)
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def section_at(loc: tuple[int | str, ...]) -> type[Section] | None:
    """The section at this place of a file; None where names are free, or there is no section."""
    here: Any = AgentConfig
    for key in loc:
        here = _inside(here, key)
    here = _bare(here)
    here = _bare(get_args(here)[0]) if get_origin(here) is tuple else here
    return here if isinstance(here, type) and issubclass(here, Section) else None


def _inside(annotation: Any, key: int | str) -> Any:
    """What is under `key`; what a validator wrapped around (an item as a list of one) is passed over."""
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        for name, field in annotation.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
        return None
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        return item if isinstance(key, int) else _inside(item, key)
    return None


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
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, Section):
        return "", bare
    if get_origin(bare) is dict:
        suffix, section = _peel(get_args(bare)[1])
        return f".*{suffix}", section
    if get_origin(bare) is tuple:
        suffix, section = _peel(get_args(bare)[0])
        return (f"[]{suffix}", section) if section else ("", None)
    return "", None


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


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True)


@cache
def documentation(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the docstring under it. Read from the source, so that loading a configuration need not."""
    source = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    body = next(node.body for node in source.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    found = {}
    for node, after in pairwise(body):
        match node, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
