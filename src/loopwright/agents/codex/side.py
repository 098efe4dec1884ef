"""What Codex says beside its items: pieces of what is on its way, and what a person should know."""

from __future__ import annotations

from typing import Any

from loopwright.agents.codex.mapping import QUIET_METHODS, TABLE, gist, text_of
from loopwright.agents.protocol import AgentContext, Delta, DeltaKind
from loopwright.base import one_line

__all__ = ["Side"]

Message = dict[str, Any]

_DELTAS: dict[str, tuple[DeltaKind, str]] = {
    "item/agentMessage/delta": ("text", "delta"),
    "item/plan/delta": ("text", "delta"),
    "item/reasoning/textDelta": ("reasoning", "delta"),
    "item/reasoning/summaryTextDelta": ("reasoning", "delta"),
    "item/commandExecution/outputDelta": ("output", "delta"),
    "item/fileChange/outputDelta": ("output", "delta"),
    "item/mcpToolCall/progress": ("output", "message"),
}
"""Notifications that are pieces: what kind, and which of their fields."""

_FILE = "diff --git "

_NOTICES = {
    "warning": "message",
    "guardianWarning": "message",
    "configWarning": "summary",
    "deprecationNotice": "summary",
    "model/rerouted": "reason",
}
"""Notifications that are for people: the field with the words."""

_ITEMS = ("item/started", "item/completed", "rawResponseItem/completed")
_ENDS = ("rawResponse/completed", "thread/tokenUsage/updated", "turn/completed")


class Side:
    """Takes the notifications that are no items."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._told: set[str] = set()
        self._diffs: set[str] = set()

    def take(self, message: Message) -> bool:
        """Whether the message needs nobody else."""
        method, params = text_of(message.get("method")), message.get("params")
        values = params if isinstance(params, dict) else {}
        if method in _ITEMS or method in _ENDS:
            self._tool(method, values.get("item"))
            return False
        if method in _DELTAS:
            kind, field = _DELTAS[method]
            self._context.on_delta(Delta(kind, text_of(values.get(field))))
        elif method == "turn/diff/updated":
            self._diff(text_of(values.get("diff")))
        elif method in _NOTICES:
            words = one_line(text_of(values.get(_NOTICES[method])), 400)
            self._context.notice("codex_warning", f"Codex: {words}")
        elif method == "error":
            self._error(values)
        elif method == "mcpServer/startupStatus/updated":
            self._mcp(values)
        elif not method.startswith(QUIET_METHODS) and method not in self._told:
            self._told.add(method)
            self._context.notice("codex_unknown", f"Codex sent {one_line(method, 80)!r}, which is not known here.")
        return True

    def _tool(self, method: str, item: Any) -> None:
        """Keep up to date what runs now, as soon as it is heard."""
        row = TABLE.get(text_of(item.get("type"))) if isinstance(item, dict) else None
        if row is None or row.kind not in ("tool", "patch"):
            return
        call_id, name = text_of(item.get("id")), text_of(row.name(item))
        if method == "item/completed":
            self._context.activity.tool_ended(call_id)
        elif method == "item/started":
            self._context.activity.tool_started(call_id, name)
            self._context.on_delta(Delta("tool", one_line(gist(row.arguments(item))), name))

    def _diff(self, whole: str) -> None:
        """Codex tells the diff of the whole turn each time; of that, the files that are new in it."""
        files = {f"{_FILE}{part}" for part in whole.split(_FILE)[1:]}
        for diff in sorted(files - self._diffs):
            self._context.on_delta(Delta("diff", diff))
        self._diffs = files

    def _error(self, params: Message) -> None:
        """An error that ends the turn is told again with the turn's end; one that Codex retries is told only here."""
        error = params.get("error")
        if params.get("willRetry") and isinstance(error, dict):
            self._context.notice("codex_retry", f"Codex tries again: {one_line(text_of(error.get('message')), 300)}")

    def _mcp(self, params: Message) -> None:
        if params.get("status") in ("failed", "cancelled"):
            words = f"{text_of(params.get('name'))}: {text_of(params.get('error'))}"
            self._context.notice("codex_mcp", f"Codex could not start an MCP server: {one_line(words, 300)}")
