"""Indentation that a model wrote with a uniform shift: what the shift is, and how new text is brought back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd

__all__ = ["Shift", "shift_between", "split"]

Shift = Callable[[str], str | None]
"""Gives the line of the file for a line of the model; None where the shift does not say it."""


def split(line: str) -> tuple[str, str]:
    """A line's indentation and the rest."""
    rest = line.lstrip(" \t")
    return line[: len(line) - len(rest)], rest


def shift_between(pairs: Sequence[tuple[str, str]], new: Sequence[str], file: Sequence[str]) -> Shift | None:
    """Find the one shift that brings the first line of every pair to the second; None where there is none.

    `new` is the text that will be shifted and `file` the whole file; they tell the units of indentation where
    spaces and tabs are mixed up. Lines are compared by indentation only; blank ones do not count.
    """
    indents = [(split(one)[0], split(other)[0]) for one, other in pairs if one.strip()]
    if not indents:
        return None
    mine, theirs = indents[0]
    rules = [_adding(theirs.removesuffix(mine)), _dropping(mine.removesuffix(theirs))]
    rules.append(_units(mine, theirs, _unit([*(one for one, _ in pairs), *new]), _unit(file)))
    valid = [rule for rule in rules if all(rule(before) == after for before, after in indents)]
    said = {tuple(map(_whole_line(rule), new)): rule for rule in valid if _clean(rule, new, theirs)}
    # Two readings that differ: the evidence does not say how deep the new lines are meant to be.
    return _whole_line(said.popitem()[1]) if len(said) == 1 else None


def _adding(prefix: str) -> Shift:
    return lambda indent: prefix + indent


def _dropping(prefix: str) -> Shift:
    return lambda indent: indent.removeprefix(prefix) if indent.startswith(prefix) else None


def _units(mine: str, theirs: str, my_unit: str, their_unit: str) -> Shift:
    """Count levels in the model's unit, and write them in the file's, as far apart as `mine` and `theirs` are."""

    def rule(indent: str) -> str | None:
        level = _level(indent, my_unit)
        if my_unit * level != indent or not their_unit or level + away < 0:
            return None
        return their_unit * (level + away)

    away = _level(theirs, their_unit) - _level(mine, my_unit)
    return rule


def _level(indent: str, unit: str) -> int:
    return len(indent) // len(unit) if unit else 0


def _unit(lines: Sequence[str]) -> str:
    """One level of indentation: a tab, or as many spaces as all indentations have in common; empty for none."""
    indents = {split(line)[0] for line in lines if line.strip()} - {""}
    if any(indent.startswith("\t") for indent in indents):
        return "\t"
    widths = [len(indent) for indent in indents]
    common = gcd(*widths)
    # One odd line (a docstring's, an aligned argument's) makes the common divisor 1.
    return " " * (common if common != 1 else min((width for width in widths if width > 1), default=1))


def _clean(rule: Shift, new: Sequence[str], like: str) -> bool:
    """Whether the rule says something for all new lines, and never puts spaces where the file has tabs."""
    shifted = [rule(split(line)[0]) for line in new if line.strip()]
    if any(indent is None for indent in shifted):
        return False
    used = "".join(filter(None, shifted))
    return not ("\t" in used and " " in used) or ("\t" in like and " " in like)


def _whole_line(rule: Shift) -> Shift:
    def shift(line: str) -> str | None:
        indent, rest = split(line)
        if not rest.strip():
            return ""
        moved = rule(indent)
        return None if moved is None else moved + rest

    return shift
