"""How OpenCode is told to behave: its configuration and its environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loopwright.agents.homes import write_file
from loopwright.base import MachineError

__all__ = ["MCP_NAME", "MODEL", "PROVIDER", "configuration", "environment", "prepare_home"]

PROVIDER = "loopwright"
MCP_NAME = "loopwright"
MODEL = "model"
# The gateway holds the key; the client insists on one.
_NO_KEY = "held-by-the-gateway"
_DAY_MS = 86_400_000
# OpenCode fetches this package into its settings folder unless it seems to be there; nothing of ours needs it.
_SETTINGS = ".config/opencode"
_THERE_ALREADY = {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
_CONTEXT_TOKENS = 1_000_000
_OUTPUT_TOKENS = 32_000

_SWITCHES = (
    # No look-ups outside, whatever the network would allow.
    "OPENCODE_DISABLE_MODELS_FETCH",
    "OPENCODE_DISABLE_AUTOUPDATE",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS",
    "OPENCODE_DISABLE_LSP_DOWNLOAD",
    "OPENCODE_DISABLE_SHARE",
    # It would summarise without end where a request stays too long.
    "OPENCODE_DISABLE_AUTOCOMPACT",
    # The task is the task's: nothing of another agent's settings, no configuration that lies in the workspace.
    "OPENCODE_DISABLE_CLAUDE_CODE",
    "OPENCODE_DISABLE_PROJECT_CONFIG",
    "OPENCODE_DISABLE_TERMINAL_TITLE",
    "OPENCODE_PURE",
)


def configuration(gateway: str, model: str) -> dict[str, Any]:
    """The configuration.

    Args:
        gateway: The base URL of the gateway as OpenCode sees it.
        model: The model's name, for people: the gateway serves the run's model whatever is asked for.
    """
    name = f"{PROVIDER}/{MODEL}"
    return {
        "provider": {PROVIDER: _provider(gateway, model)},
        "enabled_providers": [PROVIDER],
        "model": name,
        "small_model": name,
        "mcp": {MCP_NAME: {"type": "remote", "url": f"{gateway}/mcp", "enabled": True, "timeout": _DAY_MS}},
        # The sandbox is the permission; a question would wait for ever.
        "permission": {"*": "allow", "external_directory": "allow", "doom_loop": "allow", "question": "deny"},
        "autoupdate": False,
        "share": "disabled",
        "snapshot": False,
        "compaction": {"auto": False},
        "lsp": False,
        "formatter": False,
    }


def _provider(gateway: str, model: str) -> dict[str, Any]:
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Loopwright",
        # Waiting for a provider is the gateway's business, which knows why.
        "options": {
            "baseURL": f"{gateway}/v1",
            "apiKey": _NO_KEY,
            "timeout": False,
            "headerTimeout": False,
            "chunkTimeout": False,
        },
        "models": {
            MODEL: {
                "id": model,
                "name": model,
                "tool_call": True,
                "reasoning": True,
                "limit": {"context": _CONTEXT_TOKENS, "output": _OUTPUT_TOKENS},
            }
        },
    }


def environment(gateway: str, model: str) -> dict[str, str]:
    """Variables for OpenCode. The configuration is one of them: it wins over files that the agent could write."""
    switches = dict.fromkeys(_SWITCHES, "1")
    return {**switches, "OPENCODE_CONFIG_CONTENT": json.dumps(configuration(gateway, model))}


def prepare_home(home: Path) -> None:
    """Put into a home what keeps OpenCode from looking for its plugin package outside.

    Raises:
        MachineError: The home cannot be written, or the agent put a link in the way.
    """
    try:
        write_file(home, f"{_SETTINGS}/node_modules/.keep", b"")
        write_file(home, f"{_SETTINGS}/package-lock.json", json.dumps(_THERE_ALREADY).encode())
    except OSError as error:
        raise MachineError(f"OpenCode's settings could not be written: {error}", where=str(home)) from None
