"""Writing a script's calls in the syntax that a profile prescribes, so that one script drives every profile.

    python examples/in_dialects.py PROFILE.yaml REPLIES.yaml SCRIPT.yaml

REPLIES.yaml is a script with neutral calls. Calls whose tool the profile calls by the provider's own means stay calls;
all others become text of the reply: the gateway knows no dialects, so a scripted model has to say what a model would.
Where the profile begins with modes that a line of the model's ends (`said("PLANNED")`), replies with these come first.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from loopwright.base import UsageError
from loopwright.runtime import Harness
from loopwright.runtime.agent.book import Book
from loopwright.runtime.calls import Call
from loopwright.runtime.config import load_config
from loopwright.runtime.dialects import get_dialect, render
from loopwright.runtime.edits import Hunk, Update
from loopwright.runtime.tools.toolset import Tool

__all__ = ["in_dialects", "text_of"]

_NATIVE = "provider_native"


def in_dialects(profile: Path, replies: Path, script: Path, *, tests: bool = True) -> dict[str, Any]:
    """What the file `script` has to hold so that the profile does what `replies` say.

    Without `tests`, calls of `run_tests` are left out, and replies that did nothing else, all but the last one: such a
    script ends at the same files in a fraction of the time.

    Raises:
        UsageError: The profile has no tool for a call, or its syntax cannot say it.
        ValueError: What was written cannot be read back.
    """
    loaded = load_config(profile)
    model = loaded.config.providers.default_model
    harness = Harness(loaded, model, model)
    written: dict[str, Any] = yaml.safe_load(replies.read_text())
    writer = _Writer(harness, replies.parent, script.parent)
    chosen = written["replies"] if tests else list(_without_tests(written["replies"]))
    before = [{"say": f"Nothing to add.\n\n{line}"} for line in _ways_out(harness)]
    return {**written, "replies": [*before, *(writer.reply(reply) for reply in chosen)]}


def _ways_out(harness: Harness) -> Iterator[str]:
    """The lines by which a model leaves the modes that come before the last one, in order."""
    book, sequencer, modes = Book(1), harness.sequencer, harness.config.modes
    position = sequencer.begin(book.facts(None, sequencer.features(None)))
    for _ in modes:
        mode = harness.config.mode(position.mode)
        line = next((found[1] for text in mode.exit.when if (found := re.fullmatch(r'said\("(.+)"\)', text))), None)
        if position.mode == modes[-1].name or line is None:
            return
        yield line
        book.new_reply(line, None)
        facts = book.facts(position, sequencer.features(position))
        position = sequencer.after_reply(position, facts, finished=False).position


def _without_tests(replies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    last = max((at for at, reply in enumerate(replies) if _tests(reply)), default=-1)
    for at, reply in enumerate(replies):
        calls = [call for call in reply.get("calls", []) if "run_tests" not in call]
        if at == last or not reply.get("calls"):
            yield reply
        elif calls:
            yield {**reply, "calls": calls}


def _tests(reply: dict[str, Any]) -> bool:
    return any("run_tests" in call for call in reply.get("calls", []))


def text_of(script: dict[str, Any], about: str) -> str:
    """A script as a file, texts of several lines as blocks."""
    body: str = yaml.dump(script, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=118)
    return f"# {about}\n{body}"


class _Blocks(yaml.SafeDumper):
    """Texts of several lines are written as they are."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Blocks.add_representer(str, _text)


class _Writer:
    """Writes replies in the dialects of the last mode of a profile.

    Args:
        harness: The profile.
        source: The folder from which the replies name files.
        target: The folder from which the script names them.
    """

    def __init__(self, harness: Harness, source: Path, target: Path) -> None:
        self._harness = harness
        self._source = source
        self._target = target
        self._files: dict[str, str] = {}
        self._mode = harness.config.modes[-1].name
        self._grammar = harness.grammar(self._mode)
        self._by_handler = {getattr(tool.spec, "handler", ""): tool for tool in harness.toolset.tools}

    def reply(self, reply: dict[str, Any]) -> dict[str, Any]:
        """One reply: what it says, with the calls that are text, and the calls that are none."""
        said: list[str] = [str(reply.get("say", "")).strip()]
        calls: list[dict[str, Any]] = []
        for call in _together(reply.get("calls", [])):
            texts, native = self._call(call)
            said += texts
            calls += native
        text = "\n\n".join(piece for piece in said if piece)
        self._check(text, expected=len(said) - 1)
        rest = {name: value for name, value in reply.items() if name not in ("say", "calls")}
        return rest | ({"say": text} if text else {}) | ({"calls": calls} if calls else {})

    def _call(self, call: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
        (kind, value), *_ = call.items()
        if kind == "edits":
            return self._edits(value)
        handler, arguments = _tool_call(kind, value)
        tool = self._tool(handler)
        dialect = self._grammar.dialect_of(tool.spec)
        if kind == "write":
            arguments["content"] = value.get("text") or (self._source / value["file"]).read_text()
            self._files[value["path"]] = arguments["content"]
        if kind == "write" and dialect == _NATIVE and tool.spec.name == "write_file" and "file" in value:
            return [], [{"write": {"path": value["path"], "file": self._moved(value["file"])}}]
        return self._written(tool, dialect, arguments)

    def _moved(self, file: str) -> str:
        return os.path.relpath(self._source / file, self._target)

    def _tool(self, handler: str) -> Tool:
        found = self._by_handler.get(handler)
        if found is None and handler == "write_file":
            found = self._by_handler.get("create_file")
        if found is None:
            raise UsageError(f"the profile has no tool that can do {handler}")
        return found

    def _written(self, tool: Tool, dialect: str, arguments: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
        shown = {real: name for name, real in tool.spec.argument_names.items()}
        named = {shown.get(name, name): value for name, value in arguments.items()}
        if dialect == _NATIVE:
            return [], [{"call": {"name": tool.spec.name, "arguments": named}}]
        return [render(dialect, Call("", tool.spec.name, named, ""), self._grammar.options)], []

    def _edits(self, edits: list[dict[str, str]]) -> tuple[list[str], list[dict[str, Any]]]:
        """Edits that stand together: one block where the profile has a syntax for edits, else one call each."""
        if get_dialect(self._grammar.edit).serves == "edit":
            operations: dict[str, list[Hunk]] = {}
            for edit in edits:
                operations.setdefault(edit["path"], []).append(self._hunk(**edit))
            updates = tuple(Update(path, tuple(hunks)) for path, hunks in operations.items())
            call = Call("", "edit", {}, "", operations=updates)
            return [render(self._grammar.edit, call, self._grammar.options)], []
        tool = self._tool("edit_file")
        pairs = [self._written(tool, self._grammar.edit, dict(edit)) for edit in edits]
        return [text for texts, _ in pairs for text in texts], [call for _, calls in pairs for call in calls]

    def _hunk(self, path: str, old: str, new: str) -> Hunk:
        """The edit on whole lines, as these syntaxes want it; the replies may replace any piece of a file."""
        text = self._files[path]
        if text.count(old) != 1:
            raise ValueError(f"the text to replace stands {text.count(old)} times in {path}: {old}")
        start = text.index(old)
        first, end = text.rfind("\n", 0, start) + 1, start + len(old)
        last = end if text[end - 1] == "\n" else text.find("\n", end) + 1 or len(text)
        self._files[path] = text[:start] + new + text[end:]
        return Hunk(text[first:last], text[first:start] + new + text[end:last])

    def _check(self, text: str, expected: int) -> None:
        parsed = self._grammar.parse(text, 1)
        if parsed.malformed or len(parsed.calls) != expected:
            raise ValueError(f"{expected} calls were written, {len(parsed.calls)} are read: {parsed.malformed}")


def _together(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring edits as one entry `edits`."""
    found: list[dict[str, Any]] = []
    for call in calls:
        if "edit" not in call:
            found.append(call)
        elif found and "edits" in found[-1]:
            found[-1]["edits"].append(call["edit"])
        else:
            found.append({"edits": [call["edit"]]})
    return found


def _tool_call(kind: str, value: Any) -> tuple[str, dict[str, Any]]:
    """The handler of a neutral call, and its arguments under the handler's names."""
    match kind:
        case "write":
            return "write_file", {"path": value["path"]}
        case "shell":
            return "run_shell", {"command": value} if isinstance(value, str) else dict(value)
        case "run_tests":
            return "run_tests", {"test_path": value} if value else {}
        case _:
            return value["name"], dict(value.get("arguments", {}))


if __name__ == "__main__":
    chosen, source, target = map(Path, sys.argv[1:4])
    about = f"{source.name} in the dialects of {chosen.name}; written by in_dialects.py."
    target.write_text(text_of(in_dialects(chosen, source, target), about))
