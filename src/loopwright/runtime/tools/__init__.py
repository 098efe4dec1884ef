"""The tools of the native agent: one definition and one handler each."""

from loopwright.runtime.tools.toolbox import Tool, Toolbox, ToolResult

__all__ = ["Tool", "ToolResult", "Toolbox"]
