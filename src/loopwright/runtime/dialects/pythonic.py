"""`pythonic`: calls written like Python, between tags. They are parsed, never run.

    <TOOL_CALL>
    read_file(path="src/app.py", limit=40)
    </TOOL_CALL>

Arguments are named and are literals. Names that Python does not allow are given as `**{"from": 1}`.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings
from typing import Any

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Source

__all__ = ["Pythonic"]

_OPENER, _CLOSER = "<TOOL_CALL>", "</TOOL_CALL>"
# No possessive quantifiers: with groups in them, Python 3.11.2 matches other things than 3.11.7 does.
_STRING_OR_CLOSER = re.compile(
    r"""(?P<long>'{3}|"{3})(?:\\.|(?!(?P=long))[^\\])*(?P=long)"""
    r"""|(?!'{3}|"{3})(?P<quote>['"])(?:\\.|(?!(?P=quote))[^\n\\])*(?P=quote)"""
    r"""|(?P<unclosed>['"])|(?P<closer></TOOL_CALL>)""",
    re.DOTALL,
)
_NEWLINE = re.compile(r"\r\n?|\n")
_WORDS = {"true": True, "false": False, "null": None}
_NEEDS_ESCAPES = re.compile(r"\\|\"\"\"|\"$|[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]|</TOOL_CALL>")
_TOOL = re.compile(r"[A-Za-z_]\w*(?:[.-][A-Za-z_]\w*)*", re.ASCII)
_EXPECTED = 'name(argument="text", other=1), with named arguments that are literals'


class _Unreadable(Exception):
    """What is wrong, and in which line of the code, from 1."""

    def __init__(self, found: str, line: int = 1) -> None:
        super().__init__(found)
        self.line = line


class Pythonic(Dialect):
    """Calls in `<TOOL_CALL>` tags; several calls in one pair of tags are all read, or none."""

    name = "pythonic"
    serves = "any"
    tag = _OPENER
    closer = _CLOSER

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read to the first closer outside of a string."""
        body = start + len(_OPENER)
        closer = _closer(source.text, body)
        if closer is None:
            fault = Fault(start, f"{_OPENER} that is not closed", f"{_CLOSER} after the call")
            return self.malformed(source, (start, len(source.text)), fault)
        return self.block(source, (start, closer + len(_CLOSER)), lambda: self._calls(source, body, closer))

    def _calls(self, source: Source, body: int, closer: int) -> list[Call]:
        code = source.text[body:closer].lstrip()
        offset = closer - len(code)
        try:
            statements = _statements(code.rstrip())
            starts = [0, *(found.end() for found in _NEWLINE.finditer(code))]
            return [self._call(source, offset, starts, code, statement) for statement in statements]
        except _Unreadable as fault:
            at = source.start_of_line(source.line_number(offset) + fault.line - 1)
            raise Fault(at, str(fault), _EXPECTED) from fault
        except RecursionError as error:
            raise Fault(offset, "a call that is nested too deeply", _EXPECTED) from error

    def _call(self, source: Source, offset: int, starts: list[int], code: str, statement: ast.stmt) -> Call:
        name, node = _callee(statement)
        arguments: dict[str, Any] = {}
        for given in node.keywords:
            value = _literal(given.value)
            found = {given.arg: value} if given.arg is not None else value
            if not isinstance(found, dict) or arguments.keys() & found.keys():
                raise _Unreadable(_shown(given), statement.lineno)
            arguments.update(found)
        start = offset + _position(code, starts, statement.lineno, statement.col_offset)
        end = offset + _position(code, starts, statement.end_lineno or 1, statement.end_col_offset or 0)
        return self.call(source, (start, end), name, arguments)

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of any tool whose name is made of identifiers, dots and hyphens."""
        if call.arguments is None or not _is_tool(call.tool):
            raise self.cannot(call)
        simple = {name: value for name, value in call.arguments.items() if _is_name(name)}
        odd = {name: value for name, value in call.arguments.items() if not _is_name(name)}
        given = [f"{name}={_written(value)}" for name, value in simple.items()]
        given += [f"**{_written(odd)}"] if odd else []
        return f"{_OPENER}\n{call.tool}({', '.join(given)})\n{_CLOSER}"


def _closer(text: str, start: int) -> int | None:
    """The first closer outside of string literals; the very first where a string does not end before it."""
    for found in _STRING_OR_CLOSER.finditer(text, start):
        if found["closer"]:
            return found.start()
        if found["unclosed"]:
            break
    first = text.find(_CLOSER, start)
    return first if first >= 0 else None


def _statements(code: str) -> list[ast.stmt]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in a model's strings are its own business
            statements = ast.parse(code).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        lines = code.split("\n")
        raise _Unreadable(lines[min(line, len(lines)) - 1] or "nothing", line) from error
    if not statements:
        raise _Unreadable("nothing between the tags")
    return statements


def _callee(statement: ast.stmt) -> tuple[str, ast.Call]:
    """The tool's name and the call. `a.b(...)` and `a-b(...)` are names of tools too."""
    node = statement.value if isinstance(statement, ast.Expr) else None
    prefix = ""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left, node = node.left, node.right
        prefix = f"{_dotted(left)}-"
    if not isinstance(node, ast.Call) or node.args:
        raise _Unreadable(_shown(statement), statement.lineno)
    return prefix + _dotted(node.func), node


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return f"{_dotted(node.left)}-{_dotted(node.right)}"
    raise _Unreadable(_shown(node), node.lineno)


class _Words(ast.NodeTransformer):
    """JSON's `true`, `false` and `null`, which models write in Python too."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(_WORDS[node.id]) if node.id in _WORDS else node


def _literal(node: ast.expr) -> Any:
    try:
        return _json(ast.literal_eval(_Words().visit(node)))
    except (ValueError, TypeError, MemoryError, RecursionError, SyntaxError) as error:
        raise _Unreadable(_shown(node), node.lineno) from error


def _json(value: Any) -> Any:
    """The value as JSON has it; tuples are lists. Raises TypeError for bytes, sets and the like."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _json(each) for key, each in value.items()}
    raise TypeError(f"not JSON: {type(value).__name__}")


def _shown(node: ast.AST) -> str:
    try:
        return ast.unparse(node)[:200]
    except (RecursionError, ValueError):
        return type(node).__name__


def _position(code: str, starts: list[int], line: int, column: int) -> int:
    """The character at a line (from 1) and a column, which ast counts in bytes of UTF-8."""
    start = starts[line - 1]
    return start + len(code[start : start + column].encode()[:column].decode("utf-8", "ignore"))


def _is_tool(name: str) -> bool:
    return bool(_TOOL.fullmatch(name)) and not any(map(keyword.iskeyword, re.split(r"[.-]", name)))


def _is_name(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)


def _written(value: Any) -> str:
    """A Python literal; text of several lines in triple quotes, where that is the same text."""
    if isinstance(value, str) and "\n" in value and not _NEEDS_ESCAPES.search(value):
        return f'"""{value}"""'
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(key)}: {_written(each)}' for key, each in value.items())}}}"
    return repr(value)


def _quoted(text: str) -> str:
    plain = repr("'" + text)  # with one apostrophe inside, Python chooses double quotes unless both occur
    return f'"{plain[2:-1]}"' if plain[0] == '"' else repr(text)
