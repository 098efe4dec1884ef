"""A small MCP server on standard streams, with nothing but the standard library; it runs in the agent's sandbox."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

TOOLS = [
    {
        "name": "add",
        "description": "Add two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "integer", "description": "one"}, "b": {"type": "integer", "default": 1}},
            "required": ["a"],
        },
    },
    {"name": "fail", "description": "Fail, always.", "inputSchema": {"type": "object", "properties": {}}},
    {"name": "touch", "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}}}},
    {"name": "die", "description": "End at once.", "inputSchema": {"type": "object", "properties": {}}},
]


def result_of(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request; None for one that is not known."""
    if method == "initialize":
        info = {"name": "small", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        return called(params["name"], params.get("arguments") or {})
    return None


def called(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a tool answers."""
    if name == "die":
        os._exit(3)
    if name == "touch":
        with open(arguments["path"], "w") as file:  # noqa: PTH123 - the sandbox's Python may be old
            file.write(os.environ.get("GREETING", ""))
    text = str(arguments["a"] + arguments.get("b", 1)) if name == "add" else f"{name} was called"
    return {"content": [{"type": "text", "text": text}], "isError": name == "fail"}


for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request:
        continue
    answer = result_of(request["method"], request.get("params") or {})
    error = {"code": -32601, "message": "no such method"}
    reply = {"jsonrpc": "2.0", "id": request["id"], **({"result": answer} if answer is not None else {"error": error})}
    print(json.dumps(reply), flush=True)
