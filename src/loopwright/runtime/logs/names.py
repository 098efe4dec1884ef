"""What the files of a run folder are called, the same for those who write them and those who link to them."""

from __future__ import annotations

from loopwright.record import ModelCalled, PartAdded

__all__ = ["error_file", "raw_request", "raw_response", "request_file", "result_file", "system_file", "tools_file"]


def result_file(part: PartAdded) -> str:
    """The file with a tool's output."""
    tool = part.tool.name if part.tool is not None else "tool"
    safe = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in tool)[:40]
    return f"artifacts/tool_results/p{part.part:05}_{safe}.txt"


def error_file(call: ModelCalled) -> str:
    """The file about a call that brought no reply."""
    return f"errors/call_{call.call:05}.json"


def system_file(name: str) -> str:
    """The file with the system prompt that was sent first for the reply `name`."""
    return f"prompts/system_{name}.md"


def tools_file(name: str) -> str:
    """The file with the schemas that were offered first for the reply `name`."""
    return f"provider_native/tools_provided/{name}.json"


def raw_request(name: str) -> str:
    """The file with what went over the wire for the reply `name`."""
    return f"raw/requests/{name}.request.json"


def raw_response(name: str) -> str:
    """The file with what came back."""
    return f"raw/responses/{name}.response.json"


def request_file(name: str) -> str:
    """The file with what the request for the reply `name` added to the one before it, in one form for all APIs."""
    return f"requests/{name}.json"
