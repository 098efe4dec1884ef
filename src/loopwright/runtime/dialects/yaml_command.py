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
from loopwright.runtime.dialects.dialect import Fault, FencedDialect, ParseOptions, fenced
from loopwright.runtime.dialects.source import Source

__all__ = ["YamlCommand"]

_EXPECTED = "tools: a list of entries with name and args"
_BLOCK = re.compile(r"[\x21-\x7e][\x20-\x7e]*\n(?:[\x20-\x7e]*\n)*")  # what a block scalar keeps as it is
_SPACES_ONLY = re.compile(r"^ +$|\n\n\Z", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_./][\w./ -]*[\w./]|[A-Za-z_]", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "": None, "~": None}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 100  # nesting; libyaml's composer recurses in C


class YamlCommand(FencedDialect):
    """Calls in a YAML fence whose first key is `tools`."""

    name = "yaml_command"
    serves = "any"
    labels = ("yaml",)
    shape = re.compile(r"\s*tools[ \t]*:")

    def read(self, source: Source, body: tuple[int, int], span: tuple[int, int], options: ParseOptions) -> list[Call]:
        """Read the mapping, which has `tools` and nothing else."""
        start, text = body[0], source.text[slice(*body)]
        pairs = _pairs(_composed(text, start), start)
        if [key for key, _ in pairs] != ["tools"] or not isinstance(pairs[0][1], yaml.SequenceNode):
            raise Fault(start, "YAML of another shape", _EXPECTED)
        if not pairs[0][1].value:
            raise Fault(start, "an empty list of tools", _EXPECTED)
        return [self._call(source, text, entry, start) for entry in pairs[0][1].value]

    def _call(self, source: Source, body: str, entry: yaml.Node, offset: int) -> Call:
        value = _value(entry, offset)
        start = offset + entry.start_mark.index
        shaped = isinstance(value, dict) and {"name"} <= set(value) <= {"name", "args"}
        arguments = value.get("args") or {} if shaped else None
        if not shaped or not isinstance(value["name"], str) or not value["name"] or not isinstance(arguments, dict):
            raise Fault(start, source.line(source.line_start(start)).text.strip(), _EXPECTED)
        end = offset + len(body[: entry.end_mark.index].rstrip())
        return self.call(source, (start, end), value["name"], arguments)

    def render(self, call: Call, options: ParseOptions) -> str:
        """Write a call of any tool."""
        if call.arguments is None or not call.tool:
            raise self.cannot(call)
        lines = ["tools:", f"  - name: {_scalar(call.tool)}"]
        lines += ["    args:"] if call.arguments else ["    args: {}"]
        for name, value in call.arguments.items():
            lines += _entry(name, value)
        return fenced("yaml", "".join(f"{line}\n" for line in lines))


def _composed(body: str, offset: int) -> yaml.Node:
    """The node tree of a document, before any value is made of it."""
    try:
        _check(body, offset)
        root = yaml.compose(body, Loader=_LOADER)
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
    for event in yaml.parse(body, Loader=_LOADER):
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
    return _scalar(value) if isinstance(value, str) else _json(value)


def _scalar(text: str) -> str:
    """Text on one line: plain where nobody could mistake it, else in double quotes."""
    return text if _WORD.fullmatch(text) and _plain(text) == text else _json(text)


def _json(value: Any) -> str:
    return "".join(each if each.isprintable() else _escaped(each) for each in json.dumps(value, ensure_ascii=False))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
