"""The tools of our own agent: a definition (YAML) and a handler each, and the one registry that finds and runs them."""

from loopwright.runtime.tools.spec import Parameter, ToolKind, ToolSpec

__all__ = ["Parameter", "ToolKind", "ToolSpec"]
