"""`xml`: calls as nested tags.

    <function_calls>
    <invoke name="write_file">
    <parameter name="path">notes.txt</parameter>
    <parameter name="content">
    first line
    second line
    </parameter>
    </invoke>
    </function_calls>

Nothing is escaped. A value that begins on the line below its tag loses that first newline; if it is one line, also
the last. Values are text where the tool's schema says so, JSON where it says something else, and otherwise JSON if
they are a number, a list, an object or a word of JSON. `type="json"` or `type="string"` settles it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from loopwright.base import one_line
from loopwright.runtime.calls import Call
from loopwright.runtime.dialects._json_text import BadJson, read_json
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Source

__all__ = ["Xml"]

_OPENER, _CLOSER = "<function_calls>", "</function_calls>"
_SAMPLE = '<invoke name="tool">'
_INVOKE = re.compile(r'\s*<invoke name="([^"<>\n]+)">')
_PARAMETER = re.compile(r'\s*<parameter name="([^"<>\n]+)"(?: type="(json|string)")?>')
_INVOKE_END = re.compile(r"\s*</invoke>")
_END = re.compile(rf"\s*{_CLOSER}")
_VALUE_END = re.compile(r"</parameter>(?=\s*(?:<parameter name=|</invoke>))")


class Xml(Dialect):
    """Calls in `<function_calls>`, or a single `<invoke>` without it."""

    name = "xml"
    serves = "any"
    tag = r"<function_calls>|<invoke name="
    closer = "</invoke>"

    def at_opener(self, source: Source, start: int, options: ParseOptions) -> Block | None:
        """Read all `<invoke>`s up to the end of the block; one that cannot be read spoils them all."""
        is_wrapped = source.text.startswith(_OPENER, start)
        calls: list[Call] = []
        at = start + len(_OPENER) if is_wrapped else start
        try:
            while not calls or is_wrapped:
                ended = _END.match(source.text, at) if is_wrapped and calls else None
                if ended:
                    return Block(start, ended.end(), tuple(calls))
                calls.append(self._invoke(source, at, options, f"{_CLOSER} or another {_SAMPLE}" if calls else _SAMPLE))
                at = calls[-1].span[1] if calls[-1].span else at
        except Fault as fault:
            return self._spoilt(source, start, is_wrapped, fault)
        return Block(start, at, tuple(calls))

    def _spoilt(self, source: Source, start: int, is_wrapped: bool, fault: Fault) -> Block:
        closer = _CLOSER if is_wrapped else self.closer
        closed = source.search(re.compile(re.escape(closer)), fault.at)
        end = closed.end() if closed else len(source.text)
        if not fault.found:
            at = source.past_blank(fault.at)
            found = source.text[at : min(source.line_end(at), at + 80)] or "the end of the text"
            fault = Fault(at, found, fault.expected)
        return self.malformed(source, (start, end), fault)

    def _invoke(self, source: Source, at: int, options: ParseOptions, expected: str) -> Call:
        opened = _INVOKE.match(source.text, at)
        if not opened:
            raise Fault(at, "", expected)
        name, start = opened[1], opened.end() - len(opened[0].lstrip())
        schemas = options.schemas.get(name, {})
        arguments: dict[str, Any] = {}
        at = opened.end()
        while not (ended := _INVOKE_END.match(source.text, at)):
            key, value, at = self._parameter(source, at, schemas)
            if key in arguments:
                raise Fault(at, f"a second {key}", f"each parameter once; {key} is there twice")
            arguments[key] = value
        return self.call(source, (start, ended.end()), name, arguments)

    def _parameter(self, source: Source, at: int, schemas: Any) -> tuple[str, Any, int]:
        opened = _PARAMETER.match(source.text, at)
        if not opened:
            raise Fault(at, "", '<parameter name="argument">value</parameter> or </invoke>')
        closed = source.search(_VALUE_END, opened.end())
        if not closed:
            raise Fault(at, "", "</parameter> after the value, then the next parameter or </invoke>")
        text = source.text[opened.end() : closed.start()]
        try:
            return opened[1], _value(text, opened[2] or "", schemas.get(opened[1])), closed.end()
        except BadJson as error:
            raise Fault(closed.end(), one_line(text, 80), f"JSON as the value of {opened[1]}: {error}") from error

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of any tool."""
        names = [call.tool, *(call.arguments or {})]
        if call.arguments is None or any(re.search(r'["<>\n]', name) or not name for name in names):
            raise self.cannot(call)
        schemas = options.schemas.get(call.tool, {})
        lines = [_written(name, value, schemas.get(name)) for name, value in call.arguments.items()]
        return "\n".join([_OPENER, f'<invoke name="{call.tool}">', *lines, "</invoke>", _CLOSER])


def _value(text: str, kind: str, schema: Any) -> Any:
    """A value by its `type`, else by its schema, else by what it looks like. Raises BadJson."""
    kind = kind or _kind(schema)
    if kind == "json":
        return read_json(text)
    plain = _unframed(text)
    if kind == "string":
        return plain
    try:
        value = read_json(plain)
    except BadJson:
        return plain
    return plain if isinstance(value, str) else value


def _kind(schema: Any) -> str:
    """`string` or `json` by a JSON schema, or "" where it leaves both open."""
    types = schema.get("type") if isinstance(schema, dict) else None
    if types == "string":
        return "string"
    known = [types] if isinstance(types, str) else types
    return "json" if isinstance(known, list) and known and "string" not in known else ""


def _unframed(text: str) -> str:
    """The value without the newline that follows its tag, and of one line also without the newline before the next."""
    if not text.startswith(("\n", "\r\n")):
        return text
    text = text[text.index("\n") + 1 :]
    line = text.rstrip(" \t").removesuffix("\n").removesuffix("\r")
    return text if "\n" in line else line


def _written(name: str, value: Any, schema: Any) -> str:
    """A parameter; the plainest form that is read as the same value again."""
    plain = value if isinstance(value, str) else _dumped(value)
    framed = f"\n{plain}" if "\n" in plain else plain
    for kind in ("", "string"):
        attribute = f' type="{kind}"' if kind else ""
        if _reads_as(framed, kind, schema, value):
            return f'<parameter name="{name}"{attribute}>{framed}</parameter>'
    return f'<parameter name="{name}" type="json">{_dumped(value)}</parameter>'


def _reads_as(text: str, kind: str, schema: Any, value: Any) -> bool:
    if "</parameter>" in text:
        return False
    try:
        read = _value(text, kind, schema)
    except BadJson:
        return False
    return type(read) is type(value) and bool(read == value)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
