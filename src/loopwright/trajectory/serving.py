"""What agents reach from inside their sandbox: model calls and the run_tests tool, on one unix socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.gateway import Gateway
from loopwright.harness import mcp_app
from loopwright.trajectory.grading import GradeDesk

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["host_app"]


def host_app(gateway: Gateway, desk: GradeDesk) -> Starlette:
    """The gateway, with the MCP server at `/mcp`."""
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route

    async def run_tests(test_path: str) -> str:
        return (await desk.run_tests(test_path, "")).text

    return Starlette(routes=[Route("/mcp", endpoint=mcp_app(run_tests)), Mount("/", app=gateway.app)])
