"""What agents reach from inside their sandbox: model calls and the run_tests tool, on one unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup, TaskStatus

from loopwright.gateway import Gateway
from loopwright.harness import mcp_app
from loopwright.trajectory.grading import GradeDesk

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["host_app"]


@asynccontextmanager
async def host_app(gateway: Gateway, desk: GradeDesk, *, soon: bool = False) -> AsyncIterator[Starlette]:
    """The gateway, with the MCP server at `/mcp`; to be served while the context is open.

    `soon` says that an agent will ask for `/mcp` as soon as it has started.
    """
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route

    async with anyio.create_task_group() as tasks:
        endpoint = _McpEndpoint(desk, tasks)
        if soon:
            tasks.start_soon(endpoint.warm_up)
        yield Starlette(routes=[Route("/mcp", endpoint=endpoint), Mount("/", app=gateway.app)])
        tasks.cancel_scope.cancel()


class _McpEndpoint:
    """The MCP server, made when somebody first asks for it: the SDK takes longer to import than a run to start."""

    def __init__(self, desk: GradeDesk, tasks: TaskGroup) -> None:
        self._desk = desk
        self._tasks = tasks
        self._starting = anyio.Lock()
        self._app: ASGIApp | None = None

    async def warm_up(self) -> None:
        """Import the SDK in a thread while the agent's program starts on another core."""
        async with self._starting:
            # Two threads that are both on their way into this package stand in each other's way, and one of them fails.
            await anyio.to_thread.run_sync(import_module, "mcp.server.mcpserver", abandon_on_cancel=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._starting:
            if self._app is None:
                self._app = await self._tasks.start(self._serve)
        await self._app(scope, receive, send)

    async def _serve(self, *, task_status: TaskStatus[ASGIApp]) -> None:
        app, serving = mcp_app(self._run_tests)
        async with serving:
            task_status.started(app)
            await anyio.sleep_forever()

    async def _run_tests(self, test_path: str) -> str:
        return (await self._desk.run_tests(test_path, "")).text
