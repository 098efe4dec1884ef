"""Our own coding agent: a conversation with a model, and tools that act on the workspace."""

from loopwright.runtime.conversation import Conversation, ToolCall
from loopwright.runtime.loop import Runtime

__all__ = ["Conversation", "Runtime", "ToolCall"]
