"""Turning a script's neutral calls into calls of the tools that a request offers."""

from __future__ import annotations

import posixpath
from typing import Any

from loopwright.gateway.scripted.dialects import Dialect, Shape, recognise
from loopwright.gateway.scripted.patches import FilePatch, parse_patch
from loopwright.gateway.scripted.schema import CallSpec, DelegateSpec, EditSpec, ShellSpec, WriteSpec
from loopwright.gateway.scripted.shell_forms import (
    delete_command,
    delete_patch,
    edit_command,
    patch_command,
    patch_text,
    update_command,
    write_command,
)
from loopwright.gateway.wire.neutral import Ask, OfferedTool

__all__ = ["Lowered", "Lowering", "ToolMissing"]

Lowered = tuple[OfferedTool, dict[str, Any] | str]
"""A tool that is offered, and its arguments (text where the tool is custom)."""

_PATCH_FIELDS = ("patchText", "patch", "input")


class ToolMissing(Exception):
    """The request offers no tool that can do what the script says; the text names what is missing."""


class Lowering:
    """The calls of one reply, in the tools of one request.

    Args:
        ask: The request, with the tools that it offers.
        workspace: Absolute path of the workspace as the agent sees it.
    """

    def __init__(self, ask: Ask, workspace: str) -> None:
        self._tools = ask.tools
        self._workspace = workspace
        self._dialect: Dialect = recognise({tool.name for tool in ask.tools})
        self._known_paths = {self._absolute(path) for path in ask.touched}

    def lower(self, call: CallSpec) -> list[Lowered]:
        """One neutral call as one or more real ones.

        Raises:
            ToolMissing: There is no such tool, and no shell to do it with.
        """
        if call.write is not None:
            return self._write(call.write)
        if call.edit is not None:
            return self._edit(call.edit)
        if call.patch is not None:
            return self._patch(call.patch)
        if call.delete is not None:
            return [self._delete(call.delete)]
        if call.shell is not None:
            return [self._shell(call.shell)]
        return [self._other(call)]

    def _other(self, call: CallSpec) -> Lowered:
        if call.run_tests is not None:
            return self._run_tests(call.run_tests)
        if call.delegate is not None:
            return self._delegate(call.delegate)
        assert call.call is not None
        if call.call.force:
            return self._find(call.call.name) or OfferedTool(call.call.name), call.call.arguments
        return self._need(call.call.name), call.call.arguments

    def _write(self, write: WriteSpec) -> list[Lowered]:
        text = write.text or ""
        shape = self._dialect.write
        if shape is not None and (tool := self._find(shape.tool)):
            self._known_paths.add(self._absolute(write.path))
            return [(tool, _fill(shape, {"path": self._path(write.path), "text": text}))]
        return [self._patched(write.path, text) or self._by_shell("write", write_command(write.path, text))]

    def _patched(self, path: str, text: str) -> Lowered | None:
        patch = patch_text(path, text)
        return None if patch is None else self._by_patch(patch)

    def _by_patch(self, patch: str) -> Lowered | None:
        """A call that applies the patch as it is, where the agent knows how to."""
        tool = next((tool for tool in self._tools if tool.name == "apply_patch"), None)
        if tool is not None and tool.custom:
            return tool, patch
        field = next((name for name in _PATCH_FIELDS if tool is not None and name in tool.fields), None)
        if tool is not None and field is not None:
            return tool, {field: patch}
        return self._by_shell("write", patch_command(patch)) if self._dialect.patch else None

    def _patch(self, patch: str) -> list[Lowered]:
        whole = self._by_patch(patch)
        return [whole] if whole else [item for file in parse_patch(patch) for item in self._file_patch(file)]

    def _file_patch(self, file: FilePatch) -> list[Lowered]:
        """What the patch does to one file, with the tools for that."""
        if file.kind == "add":
            return self._write(WriteSpec(path=file.path, text=file.text))
        if file.kind == "delete":
            return [self._by_shell("delete", delete_command(file.path))]
        if file.moved_to or len(file.hunks) > 1 or not file.hunks[0].old:
            # In one command, because agents may do the calls of one reply at the same time.
            return [self._by_shell("patch", update_command(file))]
        return self._edit(EditSpec(path=file.path, old=file.hunks[0].old, new=file.hunks[0].new))

    def _delete(self, path: str) -> Lowered:
        patch = None if "\n" in path else self._by_patch(delete_patch(path))
        return patch or self._by_shell("delete", delete_command(path))

    def _delegate(self, delegate: DelegateSpec) -> Lowered:
        shape = self._dialect.delegate
        tool = self._find(shape.tool) or OfferedTool("delegate")
        neutral = {"prompt": delegate.prompt, "about": _about(delegate.prompt)}
        return tool, _fill(shape, neutral) | (shape.fixed if tool.name == shape.tool else {})

    def _edit(self, edit: EditSpec) -> list[Lowered]:
        shape = self._dialect.edit
        if shape is not None and (tool := self._find(shape.tool)):
            arguments = _fill(shape, {"path": self._path(edit.path), "old": edit.old, "new": edit.new})
            return [*self._reading(edit.path), (tool, arguments)]
        return [self._by_shell("edit", edit_command(edit.path, edit.old, edit.new))]

    def _reading(self, path: str) -> list[Lowered]:
        """The call that reads a file first, where the agent wants that and has not touched it yet."""
        shape = self._dialect.read_first
        if shape is None or self._absolute(path) in self._known_paths:
            return []
        self._known_paths.add(self._absolute(path))
        tool = self._find(shape.tool)
        return [(tool, _fill(shape, {"path": self._path(path)}))] if tool else []

    def _shell(self, shell: ShellSpec) -> Lowered:
        shape = self._dialect.shell
        tool = self._find(shape.tool) if shape is not None else None
        if shape is None or tool is None:
            raise ToolMissing(f"The script wants a shell, and this request offers none. {self._offered()}")
        neutral: dict[str, Any] = {"command": shell.command, "about": _about(shell.command)}
        if shell.timeout is not None:
            neutral |= {"timeout": _plain(shell.timeout), "timeout_ms": round(shell.timeout * 1000)}
        return tool, _fill(shape, neutral)

    def _by_shell(self, wish: str, command: str) -> Lowered:
        if "\0" in command:
            raise ToolMissing(f"The script wants to {wish} text with a NUL, which no shell command can hold.")
        shape = self._dialect.shell
        if shape is None or self._find(shape.tool) is None:
            raise ToolMissing(f"The script wants to {wish} a file: no tool for that, and no shell. {self._offered()}")
        return self._shell(ShellSpec(command=command))

    def _run_tests(self, path: str) -> Lowered:
        shape = self._dialect.run_tests
        return self._need(shape.tool), _fill(shape, {"path": path})

    def _need(self, name: str) -> OfferedTool:
        tool = self._find(name)
        if tool is None:
            raise ToolMissing(
                f"The script calls the tool {name!r}, which this request does not offer. {self._offered()}"
            )
        return tool

    def _find(self, name: str) -> OfferedTool | None:
        """The tool of that name, or the MCP tool: `mcp__SERVER__NAME`, `SERVER_NAME`, or in a namespace."""
        exact = [tool for tool in self._tools if tool.name == name]
        served = [tool for tool in self._tools if tool.name.startswith("mcp__") and tool.name.endswith(f"__{name}")]
        suffixed = [tool for tool in self._tools if tool.name.endswith(f"_{name}")]
        return next(iter([*exact, *served, *suffixed]), None)

    def _offered(self) -> str:
        names = ", ".join(sorted(f"{tool.namespace}/{tool.name}".lstrip("/") for tool in self._tools))
        return f"Offered: {names}."

    def _path(self, path: str) -> str:
        return self._absolute(path) if self._dialect.absolute else path

    def _absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._workspace, path))


def _fill(shape: Shape, neutral: dict[str, Any]) -> dict[str, Any]:
    return {shape.fields[key]: value for key, value in neutral.items() if key in shape.fields}


def _about(command: str) -> str:
    """A description for agents that want one: the beginning of the command."""
    first = command.strip().split("\n", 1)[0]
    return first if len(first) <= 60 else first[:59] + "…"


def _plain(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else seconds
