"""The set of tools that a model is offered, and the one place where a call becomes a result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from msgspec import Struct

from loopwright.agents.protocol import AgentContext
from loopwright.base import UsageError, nearest, valid
from loopwright.runtime.conversation import ToolCall
from loopwright.runtime.tools._arguments import check_arguments
from loopwright.runtime.tools._output import cap

__all__ = ["Tool", "ToolResult", "ToolStatus", "Toolbox"]


ToolStatus = Literal["completed", "failed", "denied", "timeout"]


class ToolResult(Struct, frozen=True):
    """What a tool did: `text` is what the model reads."""

    text: str
    status: ToolStatus = "completed"
    exit_code: int | None = None
    may_change_files: bool = False
    grade_ids: tuple[str, ...] = ()
    summary: str = ""


Handler = Callable[[AgentContext, dict[str, Any], str], Awaitable[ToolResult]]


class Tool(Struct, frozen=True):
    """One tool. `parameters` maps each name to its JSON schema; all but those in `optional` are required.

    `output_bytes` caps the result: head and tail are kept, and the number of bytes between is said.
    """

    name: str
    description: str
    parameters: dict[str, dict[str, Any]]
    handler: Handler
    optional: tuple[str, ...] = ()
    output_bytes: int = 16_384

    def schema(self) -> dict[str, Any]:
        """The definition as the chat completions API wants it."""
        required = [name for name in self.parameters if name not in self.optional]
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {
                    "type": "object",
                    "properties": self.parameters,
                    "required": required,
                    "additionalProperties": False,
                },
            },
        }


class Toolbox:
    """All tools of one agent."""

    def __init__(self, context: AgentContext) -> None:
        from loopwright.runtime.tools.standard import STANDARD_TOOLS

        self._context = context
        self._tools = {tool.name: tool for tool in STANDARD_TOOLS}

    def schemas(self) -> list[dict[str, Any]]:
        """The definitions that are sent with each request."""
        return [tool.schema() for tool in self._tools.values()]

    async def call(self, call: ToolCall) -> ToolResult:
        """Run one call. What the model did wrong comes back as a failed result, never as silence.

        Raises:
            MachineError: The sandbox itself does not work.
        """
        tool = self._tools.get(call.name)
        if tool is None:
            close = nearest(call.name, list(self._tools))
            hint = f" Did you mean {close}?" if close else f" There are: {', '.join(self._tools)}."
            return ToolResult(f"error: there is no tool named {call.name!r}.{hint}", status="failed")
        try:
            arguments = check_arguments(tool, call)
            result = await tool.handler(self._context, arguments, call.call_id)
        except UsageError as error:
            return ToolResult(valid(f"error: {error}"), status="failed")
        except (OSError, ValueError, OverflowError, RecursionError) as error:
            # Whatever a model may name (a path of 300 characters, a folder that cannot be read) is its own affair.
            return ToolResult(valid(f"error: {tool.name} failed: {error}"), status="failed", may_change_files=True)
        return ToolResult(**{**_fields(result), "text": cap(valid(result.text), tool.output_bytes)})


def _fields(result: ToolResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__struct_fields__}
