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
from loopwright.runtime.dialects._json_text import BadJson, Member, elements, members, read_json
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Fence, Source

__all__ = ["JsonBlock"]

_SHAPE = re.compile(r'\s*\{[^{}\[\]]{0,400}"tool_calls"\s*:')
_EXPECTED = '{"tool_calls": [{"function": "name", "arguments": {...}}]}'


class JsonBlock(Dialect):
    """Calls in a JSON fence."""

    name = "json_block"
    serves = "any"

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a JSON fence whose object begins with `tool_calls`; other JSON is prose."""
        if fence.info != "json" or not _SHAPE.match(source.text, fence.body):
            return None
        closing = source.closing(fence)
        end = closing.start if closing else len(source.text)
        span = (fence.start, closing.next if closing else end)
        try:
            if closing is None:
                raise Fault(fence.start, "a json fence that does not end", f"{fence.marks} after the object")
            return Block(*span, tuple(self._calls(source, source.text[fence.body : end], fence.body)))
        except Fault as fault:
            return self.malformed(source, span, fault.at, fault.found, fault.expected)
        except BadJson as error:
            at = fence.body + error.at
            return self.malformed(source, span, at, f"{error}: {_near(source, at)}", f"JSON: {_EXPECTED}")

    def _calls(self, source: Source, body: str, offset: int) -> list[Call]:
        whole = read_json(body)
        if set(whole) != {"tool_calls"} or not isinstance(whole["tool_calls"], list) or not whole["tool_calls"]:
            raise Fault(offset, "an object of another shape", _EXPECTED)
        (member,) = members(body, len(body) - len(body.lstrip()))
        return [self._call(source, element, offset) for element in elements(body, member.start)]

    def _call(self, source: Source, element: Member, offset: int) -> Call:
        start, end = element.start + offset, element.end + offset
        name, arguments = _named(element.value)
        if isinstance(arguments, str):
            try:
                arguments = read_json(arguments)
            except BadJson as error:
                raise Fault(start, f"arguments that are not JSON: {error}", _EXPECTED) from error
        if not isinstance(name, str) or not name or not isinstance(arguments, dict):
            raise Fault(start, json.dumps(element.value, ensure_ascii=False)[:120], _EXPECTED)
        return Call("", name, arguments, source.text[start:end], "text", self.name, (start, end))

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of any tool."""
        if call.arguments is None or not call.tool:
            raise self.cannot(call)
        body = {"tool_calls": [{"function": call.tool, "arguments": call.arguments}]}
        return f"```json\n{json.dumps(body, ensure_ascii=False)}\n```"


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


def _near(source: Source, at: int) -> str:
    line = source.line(source.line_start(min(at, max(len(source.text) - 1, 0)))).text
    return line.strip()
