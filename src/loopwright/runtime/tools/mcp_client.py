"""Tools of MCP servers: each server is a program in the agent's sandbox, spoken to over its standard streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup, TaskStatus
from msgspec import structs

from loopwright.base import MachineError, one_line, valid
from loopwright.runtime.calls import Outcome
from loopwright.runtime.tools._mcp_schemas import offered_name, parameters_of
from loopwright.runtime.tools.context import ToolContext
from loopwright.runtime.tools.spec import ToolSpec
from loopwright.runtime.tools.toolset import Tool
from loopwright.sandbox import Command, Process

if TYPE_CHECKING:
    from mcp import Client

__all__ = ["McpTools"]

_START_SECONDS = 20.0
_MOST_LINE = 16 << 20
_MOST_TOOLS = 1000
# How a call to a server ends whose process is no more.
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream, RuntimeError)


class McpTools:
    """The tools of a profile's MCP servers, while the context is open.

    Raises:
        MachineError: A server does not start, or does not speak MCP.
    """

    def __init__(self, context: ToolContext, servers: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]]) -> None:
        self._context = context
        self._servers = servers
        self._stack = AsyncExitStack()
        self.tools: list[Tool] = []

    async def open(self) -> None:
        """Start every server and ask for its tools."""
        if not self._servers:
            return
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(tasks.cancel_scope.cancel)
        try:
            for name, (argv, env) in self._servers.items():
                await self._start(name, argv, env, tasks)
        except BaseException:
            await self._stack.aclose()
            raise

    async def close(self) -> None:
        """End every server, with everything that it started."""
        await self._stack.aclose()

    async def _start(self, name: str, argv: tuple[str, ...], env: Mapping[str, str], tasks: TaskGroup) -> None:
        limits = structs.replace(self._context.limits, wall_seconds=None)
        command = Command(argv, env=env, limits=limits)
        try:
            with anyio.fail_after(_START_SECONDS):
                client, listed = await tasks.start(self._serve, command)
        except TimeoutError:
            raise _not_started(name, argv, f"it did not answer within {_START_SECONDS:.0f} s") from None
        if client is None:
            raise _not_started(name, argv, str(listed))
        self.tools += [_tool(name, tool, client) for tool in listed]

    async def _serve(self, command: Command, *, task_status: TaskStatus[Any]) -> None:
        """Keep one server running. Reports its client and tools, or None and what is wrong."""
        from mcp import Client

        told = False
        try:
            async with (
                self._context.agent.sandbox.spawn(command) as process,
                Client(_streams(process)) as client,
            ):
                told = task_status.started((client, await _listed(client))) is None
                await anyio.sleep_forever()
        except Exception as error:  # noqa: BLE001 - whatever a foreign server does; a call to it says that it is gone
            if not told:
                task_status.started((None, error))


async def _listed(client: Client) -> list[Any]:
    """All tools of a server, page by page."""
    page = await client.list_tools()
    tools = list(page.tools)
    while page.next_cursor and len(tools) < _MOST_TOOLS:
        page = await client.list_tools(cursor=page.next_cursor)
        tools += page.tools
    return tools


def _not_started(name: str, argv: tuple[str, ...], why: str) -> MachineError:
    return MachineError(
        f"The MCP server {name} did not start: {one_line(why)}",
        where=f"tools.mcp.{name}",
        remedy=f"Try it by hand: {' '.join(argv)}",
    )


@asynccontextmanager
async def _streams(process: Process) -> AsyncIterator[Any]:
    """The process as an MCP transport: a line of JSON a message."""
    incoming, read = anyio.create_memory_object_stream[Any](0)
    write, outgoing = anyio.create_memory_object_stream[Any](0)
    async with anyio.create_task_group() as tasks, read, write:
        tasks.start_soon(_read, process, incoming)
        tasks.start_soon(_drain, process)
        tasks.start_soon(_write, process, outgoing)
        yield read, write
        tasks.cancel_scope.cancel()


async def _read(process: Process, incoming: Any) -> None:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    rest = b""
    async with incoming:
        async for chunk in process.stdout:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.strip():
                    continue
                try:
                    await incoming.send(SessionMessage(jsonrpc_message_adapter.validate_json(line)))
                except ValueError as error:
                    await incoming.send(error)
            if len(rest) > _MOST_LINE:
                return


async def _drain(process: Process) -> None:
    async for _ in process.stderr:
        pass


async def _write(process: Process, outgoing: Any) -> None:
    async with outgoing:
        async for message in outgoing:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await process.stdin.send(text.encode() + b"\n")
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return


def _tool(server: str, tool: Any, client: Client) -> Tool:

    async def handler(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
        from mcp import MCPError

        seconds = context.limits.wall_seconds
        try:
            with anyio.fail_after(seconds):
                result = await client.call_tool(tool.name, arguments)
        except TimeoutError:
            text = f"error: the server {server} did not answer within {seconds:g} s"
            return Outcome(text, "timeout", may_change_files=True)
        except (MCPError, *_GONE) as error:
            text = one_line(str(error)) or "it is gone"
            return Outcome(valid(f"error: the server {server}: {text}"), "failed", may_change_files=True)
        text = "\n".join(_text(block) for block in result.content)
        return Outcome(text or "(nothing)", "failed" if result.is_error else "completed", may_change_files=True)

    spec = ToolSpec(
        f"{server}__{tool.name}",
        offered_name(server, tool.name),
        "mcp",
        one_line(tool.description or tool.name, 1000),
        parameters_of(tool.input_schema or {}),
        resources=("write:workspace",),
    )
    return Tool(spec, handler)


def _text(block: Any) -> str:
    return str(block.text) if getattr(block, "type", "") == "text" else f"[{getattr(block, 'type', 'something')}]"
