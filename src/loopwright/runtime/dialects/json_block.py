"""`json_block`: a fence labelled `json` that holds an object with `tool_calls`.

    ```json
    {"tool_calls": [{"function": "read_file", "arguments": {"path": "src/app.py"}}]}
    ```

The function may also be called `name`, or be an object of `name` and `arguments`; arguments may be a string of JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects._json_text import BadJson, elements, read_json
from loopwright.runtime.dialects.dialect import Fault, FencedDialect, ParseOptions, fenced
from loopwright.runtime.dialects.source import Source

__all__ = ["JsonBlock"]

_EXPECTED = '{"tool_calls": [{"function": "name", "arguments": {...}}]}'


class JsonBlock(FencedDialect):
    """Calls in a JSON fence whose object begins with `tool_calls`."""

    name = "json_block"
    serves = "any"
    labels = ("json",)
    shape = re.compile(r'\s*\{[^{}\[\]]{0,400}"tool_calls"\s*:')

    def read(self, source: Source, body: tuple[int, int], span: tuple[int, int], options: ParseOptions) -> list[Call]:
        """Read the object, which has `tool_calls` and nothing else."""
        start, text = body[0], source.text[slice(*body)]
        try:
            whole = read_json(text)
        except BadJson as error:
            at = start + error.at
            near = source.line(source.line_start(min(at, len(source.text) - 1))).text.strip()
            raise Fault(at, f"{error}: {near}", f"JSON: {_EXPECTED}") from error
        if set(whole) != {"tool_calls"} or not isinstance(whole["tool_calls"], list) or not whole["tool_calls"]:
            raise Fault(start, "an object of another shape", _EXPECTED)
        found = elements(text, text.index("["))
        return [self._call(source, value, (start + first, start + last)) for value, first, last in found]

    def _call(self, source: Source, value: Any, span: tuple[int, int]) -> Call:
        name, arguments = _named(value)
        if isinstance(arguments, str):
            try:
                arguments = read_json(arguments)
            except BadJson as error:
                raise Fault(span[0], f"arguments that are not JSON: {error}", _EXPECTED) from error
        if not isinstance(name, str) or not name or not isinstance(arguments, dict):
            raise Fault(span[0], json.dumps(value, ensure_ascii=False)[:120], _EXPECTED)
        return self.call(source, span, name, arguments)

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of any tool."""
        if call.arguments is None or not call.tool:
            raise self.cannot(call)
        body = {"tool_calls": [{"function": call.tool, "arguments": call.arguments}]}
        return fenced("json", f"{json.dumps(body, ensure_ascii=False)}\n")


def _named(value: Any) -> tuple[Any, Any]:
    """The name and the arguments of one entry of `tool_calls`; (None, None) for another shape."""
    if not isinstance(value, dict) or set(value) - {"id", "type", "function", "name", "arguments"}:
        return None, None
    inner = value.get("function")
    if isinstance(inner, dict) and set(inner) <= {"name", "arguments"} and "arguments" not in value:
        return inner.get("name"), inner.get("arguments", {})
    if ("name" in value) == ("function" in value):
        return None, None
    return value.get("name", inner), value.get("arguments", {})
