"""`yaml_command`: a fence labelled `yaml` that holds a list of `tools`.

    ```yaml
    tools:
      - name: write_file
        args:
          path: notes.txt
          content: |
            first line
    ```

Of YAML's plain words only `true`, `false`, `null` and JSON's numbers are not text; anchors and tags are refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from loopwright.runtime.calls import Call
from loopwright.runtime.dialects.dialect import Block, Dialect, Fault, ParseOptions
from loopwright.runtime.dialects.source import Fence, Source

__all__ = ["YamlCommand"]

_SHAPE = re.compile(r"\s*tools[ \t]*:")
_EXPECTED = "tools: a list of entries with name and args"
_BLOCK = re.compile(r"[\x21-\x7e][\x20-\x7e]*\n(?:[\x20-\x7e]*\n)*")  # what a block scalar keeps as it is
_SPACES_ONLY = re.compile(r"^ +$|\n\n\Z", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_./][\w./ -]*[\w./]|[A-Za-z_]", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "": None, "~": None}
_DEEPEST = 100  # nesting; libyaml's composer recurses in C


class YamlCommand(Dialect):
    """Calls in a YAML fence."""

    name = "yaml_command"
    serves = "any"

    def at_fence(self, source: Source, fence: Fence, options: ParseOptions) -> Block | None:
        """Read a YAML fence whose first key is `tools`; other YAML is prose."""
        if fence.info != "yaml" or not _SHAPE.match(source.text, fence.body):
            return None
        closing = source.closing(fence)
        span = (fence.start, closing.next if closing else len(source.text))
        try:
            if closing is None:
                raise Fault(fence.start, "a yaml fence that does not end", f"{fence.marks} after the list")
            return Block(*span, tuple(self._calls(source, source.text[fence.body : closing.start], fence.body)))
        except Fault as fault:
            return self.malformed(source, span, fault.at, fault.found, fault.expected)

    def _calls(self, source: Source, body: str, offset: int) -> list[Call]:
        root = _composed(body, offset)
        pairs = _pairs(root, offset)
        if [key for key, _ in pairs] != ["tools"] or not isinstance(pairs[0][1], yaml.SequenceNode):
            raise Fault(offset, "YAML of another shape", _EXPECTED)
        if not pairs[0][1].value:
            raise Fault(offset, "an empty list of tools", _EXPECTED)
        return [self._call(source, body, entry, offset) for entry in pairs[0][1].value]

    def _call(self, source: Source, body: str, entry: yaml.Node, offset: int) -> Call:
        value = _value(entry, offset)
        start = offset + entry.start_mark.index
        shaped = isinstance(value, dict) and {"name"} <= set(value) <= {"name", "args"}
        arguments = value.get("args") or {} if shaped else None
        if not shaped or not isinstance(value["name"], str) or not value["name"] or not isinstance(arguments, dict):
            raise Fault(start, source.line(source.line_start(start)).text.strip(), _EXPECTED)
        end = offset + len(body[: entry.end_mark.index].rstrip())
        return Call("", value["name"], arguments, source.text[start:end], "text", self.name, (start, end))

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of any tool."""
        if call.arguments is None or not call.tool:
            raise self.cannot(call)
        lines = ["tools:", f"  - name: {_scalar(call.tool)}"]
        lines += ["    args:"] if call.arguments else ["    args: {}"]
        for name, value in call.arguments.items():
            lines += _entry(name, value)
        return "\n".join(["```yaml", *lines, "```"])


def _composed(body: str, offset: int) -> yaml.Node:
    """The node tree of a document, before any value is made of it."""
    try:
        _check(body, offset)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(body)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = offset + (mark.index if mark else 0)
        raise Fault(
            min(at, offset + len(body)), str(getattr(error, "problem", None) or "no YAML"), _EXPECTED
        ) from error
    except (ValueError, RecursionError) as error:  # lone surrogates have no encoding
        raise Fault(offset, "text that is not YAML", _EXPECTED) from error
    if root is None:
        raise Fault(offset, "no YAML", _EXPECTED)
    return root


def _check(body: str, offset: int) -> None:
    """Refuse what could grow or dig without bound: anchors, aliases, deep nesting."""
    depth = 0
    for event in yaml.parse(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        at = offset + (event.start_mark.index if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise Fault(at, "an anchor, an alias or a tag of YAML", "the value itself, or text in quotes")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise Fault(at, "YAML that is nested too deeply", _EXPECTED)


def _pairs(node: yaml.Node, offset: int) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise Fault(offset + node.start_mark.index, "YAML of another shape", _EXPECTED)
    keys = [key.value if isinstance(key, yaml.ScalarNode) else None for key, _ in node.value]
    if None in keys or len(set(keys)) != len(keys):
        raise Fault(offset + node.start_mark.index, "a key that is no text, or is there twice", _EXPECTED)
    return [(str(key), value) for key, (_, value) in zip(keys, node.value, strict=True)]


def _value(node: yaml.Node, offset: int) -> Any:
    """A node as JSON has it."""
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, offset) for each in node.value]
    if isinstance(node, yaml.MappingNode):
        return {key: _value(each, offset) for key, each in _pairs(node, offset)}
    text = str(node.value)
    return text if getattr(node, "style", None) else _plain(text)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text) or len(text) > 300:
        return text
    number = json.loads(text)
    return text if number in (float("inf"), float("-inf")) else number


def _entry(name: str, value: Any) -> list[str]:
    """An argument; text of several lines as a block, where YAML keeps every character of it."""
    key = f"      {_scalar(name)}:"
    if isinstance(value, str) and _BLOCK.fullmatch(value) and not _SPACES_ONLY.search(value):
        return [f"{key} |", *(f"        {line}" if line else "" for line in value.split("\n")[:-1])]
    return [f"{key} {_flow(value)}"]


def _flow(value: Any) -> str:
    """A value on one line, as JSON, which is YAML."""
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_quoted, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(key)}: {_quoted(each)}' for key, each in value.items())}}}"
    return json.dumps(value)


def _quoted(value: Any) -> str:
    return _double(value) if isinstance(value, str) else _flow(value)


def _scalar(text: str) -> str:
    """Text on one line: plain where nobody could mistake it, else in double quotes."""
    if _WORD.fullmatch(text) and _plain(text) == text:
        return text
    return _double(text)


def _double(text: str) -> str:
    return "".join(each if each.isprintable() else _escaped(each) for each in json.dumps(text, ensure_ascii=False))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
