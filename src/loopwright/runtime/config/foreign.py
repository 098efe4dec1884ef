"""What a V2 file of another program may hold: the tables of `foreign.yaml`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

import msgspec

from loopwright.runtime.config.written import Loc, shipped_table

__all__ = ["Foreign", "foreign", "globbed", "reason_to_refuse"]


class Foreign(msgspec.Struct, frozen=True):
    """The tables, as `foreign.yaml` explains them."""

    keys: dict[str, str]
    last: dict[str, str]
    names: dict[str, dict[str, str]]
    values: dict[str, dict[str, str]]
    inert: tuple[str, ...]
    refused: dict[str, str]


@cache
def foreign() -> Foreign:
    """The tables."""
    return msgspec.convert(shipped_table("foreign.yaml"), Foreign)


def globbed(loc: Loc) -> str:
    """A path as the tables have it: without positions in lists."""
    return ".".join(key for key in loc if isinstance(key, str))


def reason_to_refuse(loc: Loc) -> str | None:
    """Why the key is refused and what to use instead, or None where it is simply not known."""
    path = globbed(loc)
    return next((reason for glob, reason in foreign().refused.items() if fnmatchcase(path, glob)), None)
