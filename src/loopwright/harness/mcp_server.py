"""`run_tests` as an MCP tool over streamable HTTP, for agents that speak MCP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["TOOL_DESCRIPTION", "mcp_app", "tool_server"]

TOOL_DESCRIPTION = (
    "Build the workspace as it is now in a fresh sandbox and run the tests. "
    'test_path: "" for everything, a suite ("basics"), a part of one ("basics/loops"), one test by its full id, '
    "or a pattern with *. The answer has counts and the first failures; name a single test to see it in full."
)
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


def tool_server(run_tests: Callable[[str], Awaitable[str]]) -> MCPServer:
    """An MCP server with the one tool `run_tests`; it answers with the text that `run_tests` gives."""
    from mcp.server.mcpserver import MCPServer

    server: MCPServer = MCPServer("loopwright", log_level="WARNING")

    async def tool(test_path: str = "") -> str:
        return await run_tests(test_path)

    server.add_tool(tool, name="run_tests", description=TOOL_DESCRIPTION, structured_output=False)
    return server


class _Endpoint:
    """An ASGI application that serves MCP at whatever path it is mounted or routed."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


def mcp_app(run_tests: Callable[[str], Awaitable[str]]) -> tuple[ASGIApp, AbstractAsyncContextManager[None]]:
    """The MCP endpoint for a server of ours.

    Args:
        run_tests: Grades a test path and gives the agent's text. It may take as long as it takes: the stream carries
            a comment every 15 s, so that neither side sees it idle.

    Returns:
        The ASGI application (`Route("/mcp", endpoint=app)`; a `Mount` redirects `/mcp` to `/mcp/`), and a context that
        has to be open while it serves. Requests are answered only where their Host is this machine, any port.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    server = tool_server(run_tests)
    # Made for the session manager that it sets up: the endpoint itself is routed by the caller.
    server.streamable_http_app(
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*_LOCAL, *(f"{host}:*" for host in _LOCAL)],
            allowed_origins=[f"http://{host}:*" for host in _LOCAL],
        ),
        session_idle_timeout=None,  # an agent may think for an hour between two calls
    )
    manager = server.session_manager
    return _Endpoint(manager), _serving(manager)


@asynccontextmanager
async def _serving(manager: StreamableHTTPSessionManager) -> AsyncIterator[None]:
    async with manager.run():
        yield
