"""`python -m loopwright.harness.mcp_stdio --url http://127.0.0.1:PORT/mcp`: `run_tests` for clients without HTTP.

Serves the same tool over standard input and output and forwards each call to the HTTP endpoint.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from loopwright.harness.mcp_server import tool_server

__all__ = ["forward", "main"]


async def forward(url: str, test_path: str) -> str:
    """Call `run_tests` at `url` and give its text, however long it takes.

    Raises:
        ToolError: The endpoint cannot be reached, or the tool failed there.
    """
    # No read timeout: a grade takes as long as it takes. No proxies: the endpoint is on this machine.
    timeout = httpx2.Timeout(30.0, read=None)
    failure: Exception | None = None
    try:
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport) as client:
                result = await client.call_tool("run_tests", {"test_path": test_path})
    except* (httpx2.HTTPError, MCPError, OSError) as errors:
        failure = errors.exceptions[0]  # raised below: what is raised here becomes a group in some versions of Python
    if failure is not None:
        raise ToolError(f"the tests cannot be run: {url} does not answer ({failure})")
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.is_error:
        raise ToolError(text)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m loopwright.harness.mcp_stdio", description=__doc__)
    parser.add_argument("--url", required=True, help="the streamable HTTP endpoint, http://127.0.0.1:PORT/mcp")
    url = parser.parse_args(arguments).url

    async def run_tests(test_path: str) -> str:
        return await forward(url, test_path)

    anyio.run(tool_server(run_tests).run_stdio_async)
    return 0


if __name__ == "__main__":
    sys.exit(main())
