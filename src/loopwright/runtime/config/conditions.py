"""Conditions of `if`, `while` and `exit.when`: a small language of comparisons, checked when the file is loaded."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from loopwright.base import UsageError, nearest

__all__ = ["NAMES", "Condition", "Facts", "parse"]

Kind = Literal["number", "text", "truth"]

NAMES: Mapping[str, Kind] = {
    "replies": "number",
    "replies_in_mode": "number",
    "files_changed": "number",
    "tests_passed": "number",
    "tests_total": "number",
    "tokens": "number",
    "errors": "number",
    "mode": "text",
}
"""What a condition may ask for, besides `features.NAME`, `called("TOOL")` and `said("TEXT")`."""

_LITERALS: Mapping[type, Kind] = {bool: "truth", str: "text", int: "number", float: "number"}
_CALLS = ("called", "said")
_LONGEST = 1000
_WORDS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _never(text: str) -> bool:
    return False


class Facts(Struct, frozen=True):
    """What is known when a condition is asked.

    Attributes:
        values: By the names of `NAMES`; one that is missing or None is not known (e.g. no tests were run yet).
        features: Switches as they are now.
        called: Whether a call of this tool was completed (in this mode, or since the turn began: the caller's choice).
        said: Whether the newest reply holds this text.
    """

    values: Mapping[str, Any] = {}
    features: Mapping[str, bool] = {}
    called: Callable[[str], bool] = _never
    said: Callable[[str], bool] = _never


class Condition(Struct, frozen=True):
    """A condition that was understood, and what it refers to."""

    text: str
    features: frozenset[str]
    tools: frozenset[str]
    ask: Callable[[Facts], Any]

    def evaluate(self, facts: Facts) -> bool:
        """Whether it holds. A comparison with something that is not known does not hold, whichever it is."""
        return bool(self.ask(facts))


def parse(text: str) -> Condition:
    """Understand a condition.

    The language: `features.NAME`, the names of `NAMES`, `called("TOOL")`, `said("TEXT")`, numbers, strings, `true` and
    `false`, the comparisons `== != < <= > >=`, `and`, `or`, `not`, and parentheses.

    Raises:
        UsageError: It is something else; says what, and what was probably meant.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"a condition is at most {_LONGEST} characters long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        term = _term(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(
            f"{text!r} is not a condition", remedy='Write e.g. features.plan and replies < 4, or called("finish").'
        ) from None
    if term.kind != "truth":
        raise UsageError(f"{text!r} is neither true nor false", remedy=f"Compare it, e.g. {text} > 3.")
    nodes = list(ast.walk(tree))
    features = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "called"]
    return Condition(text, frozenset(features), frozenset(ast.literal_eval(call.args[0]) for call in calls), term.ask)


class _Term(NamedTuple):
    """A part of a condition: what it is, and how it is asked for."""

    kind: Kind
    ask: Callable[[Facts], Any]


def _term(node: ast.expr) -> _Term:
    match node:
        case ast.BoolOp(op=sign, values=parts):
            join, asks = (all if isinstance(sign, ast.And) else any), [_truth(part) for part in parts]
            return _Term("truth", lambda facts: join(ask(facts) for ask in asks))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            negated = _truth(part)
            return _Term("truth", lambda facts: not negated(facts))
        case ast.Compare():
            return _comparison(node)
        case ast.Attribute(value=ast.Name(id="features"), attr=name):
            return _Term("truth", lambda facts: facts.features.get(name, False))
        case ast.Call():
            return _call(node)
        case ast.Name(id=name) if name not in ("true", "false"):
            return _Term(_kind_of(name), lambda facts: facts.values.get(name))
        case _:
            return _literal(node)


def _truth(node: ast.expr) -> Callable[[Facts], Any]:
    term = _term(node)
    if term.kind != "truth":
        raise UsageError(f"{ast.unparse(node)!r} is neither true nor false", remedy="Compare it with something.")
    return term.ask


def _comparison(node: ast.Compare) -> _Term:
    terms = [_term(side) for side in (node.left, *node.comparators)]
    kinds = {term.kind for term in terms}
    signs = [_WORDS.get(type(sign)) for sign in node.ops]
    compares = [sign for sign in signs if sign is not None]
    if len(compares) < len(signs):
        raise UsageError(f"{ast.unparse(node)!r}: only == != < <= > >= compare")
    if len(kinds) != 1:
        raise UsageError(f"{ast.unparse(node)!r} compares a {' with a '.join(sorted(kinds))}, which never holds")
    if kinds != {"number"} and not all(isinstance(sign, ast.Eq | ast.NotEq) for sign in node.ops):
        raise UsageError(f"{ast.unparse(node)!r}: only numbers have an order")

    def ask(facts: Facts) -> bool:
        sides = [term.ask(facts) for term in terms]
        known = all(side is not None for side in sides)
        return known and all(sign(*pair) for sign, pair in zip(compares, pairwise(sides), strict=True))

    return _Term("truth", ask)


def _call(node: ast.Call) -> _Term:
    name = ast.unparse(node.func)
    if name not in _CALLS:
        raise _unknown(name, list(_CALLS))
    match node:
        case ast.Call(args=[ast.Constant(value=str(text))], keywords=[]):
            return _Term("truth", lambda facts: getattr(facts, name)(text))
    raise UsageError(f"{name} takes one text in quotes", remedy=f'Write {name}("...").')


def _kind_of(name: str) -> Kind:
    if name not in NAMES:
        raise _unknown(name, [*NAMES, "features.NAME", *_CALLS])
    return NAMES[name]


def _unknown(name: str, known: list[str]) -> UsageError:
    close = nearest(name, known)
    hint = f"Did you mean {close}?" if close else f"There are {', '.join(NAMES)}, features.NAME, called and said."
    return UsageError(f"a condition cannot ask for {name!r}", remedy=hint)


def _literal(node: ast.expr) -> _Term:
    if isinstance(node, ast.Name):
        return _Term("truth", lambda _: node.id == "true")
    value = ast.literal_eval(node) if isinstance(node, ast.Constant | ast.UnaryOp) else None
    kind = _LITERALS.get(type(value))
    if kind is None:
        raise ValueError("not of the language")
    return _Term(kind, lambda _: value)
