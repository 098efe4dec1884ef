"""How Claude Code is started: arguments, environment, and its one MCP server."""

from __future__ import annotations

import json
import os
import re

from msgspec import Struct

from loopwright.agents.launching import Place

__all__ = ["MCP_SERVER", "STAND_IN", "Session", "arguments", "environment", "model_argument"]

MCP_SERVER = "loopwright"

STAND_IN = "claude-sonnet-4-5"
"""The name that the CLI is told where the model is none of its own: it needs one whose window it knows."""

_HOUR_MS = 3_600_000
_OWN_MODEL = re.compile(r"claude-[a-z0-9][a-z0-9.-]*(\[1m\])?")

# Nothing may look outside, and nothing may happen that is not seen in the stream.
_OFFLINE = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_UPDATES": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_BUG_COMMAND": "1",
    "DISABLE_FEEDBACK_COMMAND": "1",
    "CLAUDE_CODE_DISABLE_FEEDBACK_SURVEY": "1",
    "CLAUDE_CODE_IDE_SKIP_AUTO_INSTALL": "1",
    "ENABLE_CLAUDEAI_MCP_SERVERS": "false",
}
_BEHAVIOUR = {
    "ENABLE_TOOL_SEARCH": "false",  # run_tests is offered from the start, not only when it is searched for
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",  # says when a turn is really over
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",  # files change while a tool runs, not between two turns
    "CLAUDE_CODE_SKIP_MCP_DEBUG_LOG_FILES": "1",
    "MCP_CONNECTION_NONBLOCKING": "false",
}
_PATIENCE = {
    "CLAUDE_CODE_MAX_RETRIES": "1",  # the gateway retries
    "API_TIMEOUT_MS": str(_HOUR_MS),
    "MCP_TIMEOUT": "60000",
    "MCP_TOOL_TIMEOUT": str(6 * _HOUR_MS),
    "BASH_DEFAULT_TIMEOUT_MS": "600000",
    "BASH_MAX_TIMEOUT_MS": str(2 * _HOUR_MS),
}


class Session(Struct, frozen=True):
    """Which session of the CLI: a UUID, and whether it is there already."""

    id: str
    exists: bool = False


def arguments(program: tuple[str, ...], place: Place, session: Session, model: str) -> tuple[str, ...]:
    """The command. Prompts come on its standard input, one JSON line each, as long as it is open."""
    return (
        *program,
        "--print",
        *("--input-format", "stream-json"),
        *("--output-format", "stream-json"),
        "--verbose",
        "--include-partial-messages",
        "--forward-subagent-text",
        "--dangerously-skip-permissions",
        "--strict-mcp-config",
        *("--mcp-config", mcp_config(place)),
        *("--model", model_argument(model)),
        *("--resume" if session.exists else "--session-id", session.id),
    )


def mcp_config(place: Place) -> str:
    """The MCP server `loopwright`, at the gateway."""
    return json.dumps({"mcpServers": {MCP_SERVER: {"type": "http", "url": f"{place.gateway}/mcp"}}})


def environment(place: Place) -> dict[str, str]:
    """What is added to the sandbox's environment. The key is a dummy: the gateway has the real one."""
    settings = {
        **_OFFLINE,
        **_BEHAVIOUR,
        **_PATIENCE,
        "ANTHROPIC_BASE_URL": place.gateway,
        "ANTHROPIC_API_KEY": "held-by-the-gateway",
    }
    if os.geteuid() == 0:
        settings["IS_SANDBOX"] = "1"  # where nothing maps the user, root is refused without it
    return settings


def model_argument(model: str) -> str:
    """The name to start the CLI with; the gateway serves the run's model whatever is asked for."""
    name = model.rpartition("/")[2]
    return name if _OWN_MODEL.fullmatch(name) else STAND_IN
