"""What an ACP agent may ask of us: permissions, files and terminals. The SDK calls these methods by their names."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import acp
from acp import schema

from loopwright.agents.acp.files import read_text, write_text
from loopwright.agents.acp.terminals import Terminals
from loopwright.base import LoopwrightError, one_line
from loopwright.sandbox import Sandbox

__all__ = ["Serving"]

T = TypeVar("T")
_ALLOW = ("allow_always", "allow_once")


class Serving:
    """Answers one agent.

    Args:
        sandbox: Where files are and commands run.
        root: The workspace as the agent sees it.
        terminals: Its terminals.
    """

    def __init__(self, sandbox: Sandbox, root: str, terminals: Terminals) -> None:
        self._sandbox, self._root, self._terminals = sandbox, root, terminals

    async def request_permission(
        self, session_id: str, tool_call: schema.ToolCallUpdate, options: list[schema.PermissionOption], **_: Any
    ) -> schema.RequestPermissionResponse:
        """Allow it, for good where that can be had: the sandbox is the permission."""
        by_kind = {option.kind: option.option_id for option in reversed(options)}
        chosen = next((by_kind[kind] for kind in _ALLOW if kind in by_kind), None)
        if chosen is None:
            return schema.RequestPermissionResponse(outcome=schema.DeniedOutcome(outcome="cancelled"))
        return schema.RequestPermissionResponse(outcome=schema.AllowedOutcome(outcome="selected", option_id=chosen))

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        """Updates are taken before they come here."""

    async def read_text_file(
        self, session_id: str, path: str, line: int | None = None, limit: int | None = None, **_: Any
    ) -> schema.ReadTextFileResponse:
        """Read a file of the workspace."""
        text = await _checked(read_text(self._sandbox, self._root, path, line, limit))
        return schema.ReadTextFileResponse(content=text)

    async def write_text_file(self, session_id: str, path: str, content: str, **_: Any) -> schema.WriteTextFileResponse:
        """Write a file of the workspace."""
        await _checked(write_text(self._sandbox, self._root, path, content))
        return schema.WriteTextFileResponse()

    async def create_terminal(
        self,
        session_id: str,
        command: str,
        args: list[str] | None = None,
        env: list[schema.EnvVariable] | None = None,
        cwd: str | None = None,
        output_byte_limit: int | None = None,
        **_: Any,
    ) -> schema.CreateTerminalResponse:
        """Start a command."""
        variables = {one.name: one.value for one in env or []}
        with _Checked():
            name = self._terminals.create(command, args or [], variables, cwd or self._root, output_byte_limit)
        return schema.CreateTerminalResponse(terminal_id=name)

    async def terminal_output(self, session_id: str, terminal_id: str, **_: Any) -> schema.TerminalOutputResponse:
        """What a command printed so far."""
        with _Checked():
            terminal = self._terminals.get(terminal_id)
        status = None
        if terminal.ended.is_set():
            status = schema.TerminalExitStatus(exit_code=_unsigned(terminal.exit_code), signal=terminal.signal)
        return schema.TerminalOutputResponse(output=terminal.output, truncated=terminal.truncated, exit_status=status)

    async def wait_for_terminal_exit(
        self, session_id: str, terminal_id: str, **_: Any
    ) -> schema.WaitForTerminalExitResponse:
        """Wait for the end of a command."""
        with _Checked():
            terminal = self._terminals.get(terminal_id)
        await terminal.ended.wait()
        return schema.WaitForTerminalExitResponse(exit_code=_unsigned(terminal.exit_code), signal=terminal.signal)

    async def kill_terminal(self, session_id: str, terminal_id: str, **_: Any) -> schema.KillTerminalResponse:
        """End a command; its output stays."""
        with _Checked():
            terminal = self._terminals.get(terminal_id)
        terminal.kill()
        await terminal.ended.wait()
        return schema.KillTerminalResponse()

    async def release_terminal(self, session_id: str, terminal_id: str, **_: Any) -> schema.ReleaseTerminalResponse:
        """End a command and forget it."""
        with _Checked():
            self._terminals.release(terminal_id)
        return schema.ReleaseTerminalResponse()

    async def ext_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is not in the protocol."""
        raise acp.RequestError.method_not_found(method)

    async def ext_notification(self, method: str, params: dict[str, Any]) -> None:
        """Ignore what is not in the protocol."""


class _Checked:
    """Turns our errors into the protocol's."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, LoopwrightError):
            raise acp.RequestError(-32602, one_line(str(error), 500)) from error


async def _checked(work: Awaitable[T]) -> T:
    with _Checked():
        return await work


def _unsigned(code: int | None) -> int | None:
    return None if code is None or code < 0 else code
