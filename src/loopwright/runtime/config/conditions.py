"""Conditions of `if`, `while` and `exit.when`: a small language of comparisons, checked when the file is loaded."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Literal

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
    tree: ast.expr
    features: frozenset[str]
    tools: frozenset[str]

    def evaluate(self, facts: Facts) -> bool:
        """Whether it holds. A comparison with something that is not known does not hold, whichever it is."""
        return bool(_value(self.tree, facts))


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
        kind = _kind(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(
            f"{text!r} is not a condition", remedy='Write e.g. features.plan and replies < 4, or called("finish").'
        ) from None
    if kind != "truth":
        raise UsageError(f"{text!r} is neither true nor false", remedy=f"Compare it, e.g. {text} > 3.")
    nodes = list(ast.walk(tree))
    features = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    tools = {_argument(node) for node in nodes if isinstance(node, ast.Call) and _function(node) == "called"}
    return Condition(text, tree, frozenset(features), frozenset(tools))


def _kind(node: ast.expr) -> Kind:
    match node:
        case ast.BoolOp(values=parts):
            return _all_truths(parts)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return _all_truths([part])
        case ast.Compare():
            return _comparison(node)
        case ast.Attribute(value=ast.Name(id="features")):
            return "truth"
        case ast.Call():
            return _call(node)
        case ast.Name(id=name):
            return _named(name)
        case _:
            return _literal(node)


def _all_truths(parts: list[ast.expr]) -> Kind:
    for part in parts:
        if _kind(part) != "truth":
            raise UsageError(f"{ast.unparse(part)!r} is neither true nor false", remedy="Compare it with something.")
    return "truth"


def _comparison(node: ast.Compare) -> Kind:
    sides = [node.left, *node.comparators]
    kinds = {_kind(side) for side in sides}
    for sign in node.ops:
        if type(sign) not in _WORDS:
            raise UsageError(f"{ast.unparse(node)!r}: only == != < <= > >= compare")
    if len(kinds) != 1:
        raise UsageError(f"{ast.unparse(node)!r} compares a {' with a '.join(sorted(kinds))}, which never holds")
    if kinds != {"number"} and not all(isinstance(sign, ast.Eq | ast.NotEq) for sign in node.ops):
        raise UsageError(f"{ast.unparse(node)!r}: only numbers have an order")
    return "truth"


def _call(node: ast.Call) -> Kind:
    name = _function(node)
    if name not in _CALLS:
        raise _unknown(name, list(_CALLS))
    _argument(node)
    return "truth"


def _function(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)


def _argument(node: ast.Call) -> str:
    match node:
        case ast.Call(args=[ast.Constant(value=str(text))], keywords=[]):
            return text
    raise UsageError(f"{_function(node)} takes one text in quotes", remedy=f'Write {_function(node)}("...").')


def _named(name: str) -> Kind:
    if name in ("true", "false"):
        return "truth"
    if name not in NAMES:
        raise _unknown(name, [*NAMES, "features.NAME", *_CALLS])
    return NAMES[name]


def _unknown(name: str, known: list[str]) -> UsageError:
    close = nearest(name, known)
    hint = f"Did you mean {close}?" if close else f"There are {', '.join(NAMES)}, features.NAME, called and said."
    return UsageError(f"a condition cannot ask for {name!r}", remedy=hint)


def _literal(node: ast.expr) -> Kind:
    number = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    match number:
        case ast.Constant(value=bool()) if number is node:
            return "truth"
        case ast.Constant(value=str()) if number is node:
            return "text"
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return "number"
    raise ValueError("not of the language")


def _value(node: ast.expr, facts: Facts) -> Any:
    match node:
        case ast.BoolOp(op=sign, values=parts):
            return (all if isinstance(sign, ast.And) else any)(_value(part, facts) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _value(part, facts)
        case ast.Compare():
            return _compare(node, facts)
        case ast.Attribute(attr=name):
            return facts.features.get(name, False)
        case ast.Call():
            return (facts.called if _function(node) == "called" else facts.said)(_argument(node))
        case ast.Name(id=name):
            return facts.values.get(name) if name in NAMES else name == "true"
    return ast.literal_eval(node)


def _compare(node: ast.Compare, facts: Facts) -> bool:
    sides = [_value(side, facts) for side in (node.left, *node.comparators)]
    if any(side is None for side in sides):
        return False
    return all(_WORDS[type(sign)](*pair) for sign, pair in zip(node.ops, pairwise(sides), strict=True))
