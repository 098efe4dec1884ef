"""Agents' programs as a person would start them: no sandbox, no record; only the address of the model is ours."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from loopwright.agents.programs import Program, find

__all__ = ["Bare", "bare"]

_CODEX = """\
model = "five-turns"
model_provider = "local"
check_for_update_on_startup = false

[analytics]
enabled = false

[features]
plugins = false

[model_providers.local]
name = "local"
base_url = "{base}/v1"
wire_api = "responses"
env_key = "SOME_KEY"

[mcp_servers.tests]
url = "{base}/mcp"
"""


class Bare(Struct, frozen=True):
    """A command, and the environment that it needs besides PATH."""

    argv: tuple[str, ...]
    env: dict[str, str]


def bare(name: str, home: Path, workspace: Path, base: str, prompt: str) -> Bare:
    """The command for one prompt.

    Args:
        home: A home folder for it; settings are written there. Not below /tmp: Codex refuses that.
        base: Where the model (`/v1`) and the MCP server (`/mcp`) are: `http://HOST:PORT`.

    Raises:
        MachineError: The program is not installed.
    """
    program = find(name)
    home.mkdir(parents=True, exist_ok=True)
    made = _MAKERS[name](program, home, workspace, base, prompt)
    return Bare(made.argv, {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **made.env})


def _codex(program: Program, home: Path, workspace: Path, base: str, prompt: str) -> Bare:
    settings = home / ".codex"
    settings.mkdir(exist_ok=True)
    (settings / "config.toml").write_text(_CODEX.format(base=base))
    words = ("exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
    return Bare((*_argv(program), *words, "-C", str(workspace), prompt), {"SOME_KEY": "none"})


def _claude(program: Program, home: Path, workspace: Path, base: str, prompt: str) -> Bare:
    servers = json.dumps({"mcpServers": {"tests": {"type": "http", "url": f"{base}/mcp"}}})
    words = ("-p", prompt, "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions")
    env = {
        "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "ENABLE_TOOL_SEARCH": "false",
        "IS_SANDBOX": "1",
    }
    return Bare((*_argv(program), *words, "--mcp-config", servers, "--strict-mcp-config"), env)


def _opencode(program: Program, home: Path, workspace: Path, base: str, prompt: str) -> Bare:
    options = {"baseURL": f"{base}/v1", "apiKey": "none"}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"m": {"tool_call": True}}}
    settings = {
        "provider": {"local": provider},
        "enabled_providers": ["local"],
        "model": "local/m",
        "small_model": "local/m",
        "autoupdate": False,
        "share": "disabled",
        "permission": {"edit": "allow", "bash": "allow"},
        "mcp": {"tests": {"type": "remote", "url": f"{base}/mcp", "enabled": True}},
    }
    (home / "opencode.json").write_text(json.dumps(settings))
    env = {"OPENCODE_CONFIG": str(home / "opencode.json"), "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    return Bare((*_argv(program), "run", "--pure", "--format", "json", prompt), env)


def _argv(program: Program) -> tuple[str, ...]:
    return (*program.launcher, str(program.path))


_MAKERS: dict[str, Callable[[Program, Path, Path, str, str], Bare]] = {
    "codex": _codex,
    "claude": _claude,
    "opencode": _opencode,
}
