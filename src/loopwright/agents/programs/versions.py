"""The one table of agents' programs: which version is pinned, which were tested, and where they come from."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from loopwright.base import UsageError, nearest

__all__ = ["RELEASES", "Release", "release_of", "version_key"]


class Release(Struct, frozen=True, kw_only=True):
    """One agent's program.

    Attributes:
        title: What people call it.
        source: Where a package comes from: wheels of the Python index, or packages of npm.
        package: The package that is installed; `extra` names the one that the extra of ours asks for.
        pinned: The version of the package that is installed.
        version: What the program of that package says to `--version`.
        tested: Versions of the program that golden streams were recorded from, in `tests/golden/agents/<name>/`.
        minimum: Older ones are refused.
        command: Its name on PATH.
        module: The wheel's import package, which holds the program; "" where there is no wheel.
        programs: Where the program may be below an installed package's root, best first (glob patterns). What stands
            before `//` is the folder that it needs beside it.
        natives: The same, below a `node_modules` folder, for launchers that only start another program.
        key: The variable that holds the key of the model it is usually run with; the gateway reads it, never the agent.
    """

    name: str
    title: str
    source: Literal["pypi", "npm"]
    package: str
    pinned: str
    version: str
    tested: tuple[str, ...]
    minimum: str
    command: str
    programs: tuple[str, ...]
    natives: tuple[str, ...]
    module: str = ""
    extra: str = ""
    key: str = ""

    @property
    def log_in(self) -> str:
        """How to use it with a real model."""
        return f"export {self.key}, and name a model with --model; the agent itself needs no login"


RELEASES: dict[str, Release] = {
    "codex": Release(
        name="codex",
        title="Codex",
        source="pypi",
        package="openai-codex-cli-bin",
        extra="openai-codex",
        pinned="0.163.0",
        version="0.163.0",
        tested=("0.163.0",),
        minimum="0.150.0",
        command="codex",
        module="codex_cli_bin",
        programs=("codex_cli_bin//bin/codex",),
        natives=("@openai/codex-linux-*//vendor/*/bin/codex", "@openai/codex-linux-*//vendor/*/codex/codex"),
        key="OPENAI_API_KEY",
    ),
    "claude": Release(
        name="claude",
        title="Claude Code",
        source="pypi",
        package="claude-agent-sdk",
        extra="claude-agent-sdk",
        pinned="0.2.186",
        version="2.1.329",
        tested=("2.1.329",),
        minimum="2.1.0",
        command="claude",
        module="claude_agent_sdk",
        programs=("claude_agent_sdk/_bundled//claude",),
        natives=("@anthropic-ai/claude-code-linux-*//claude", "@anthropic-ai/claude-code-linux-*//bin/claude"),
        key="ANTHROPIC_API_KEY",
    ),
    "opencode": Release(
        name="opencode",
        title="OpenCode",
        source="npm",
        package="opencode-ai",
        pinned="1.18.33",
        version="1.18.33",
        tested=("1.18.33",),
        minimum="1.18.0",
        command="opencode",
        programs=("node_modules/opencode-ai//bin/opencode.exe", "node_modules/opencode-linux-*//bin/opencode"),
        natives=("opencode-ai//bin/opencode.exe", "opencode-linux-*//bin/opencode"),
        key="OPENAI_API_KEY",
    ),
}


def release_of(name: str) -> Release:
    """The entry of an agent.

    Raises:
        UsageError: No program of this name is known here.
    """
    release = RELEASES.get(name)
    if release is None:
        close = nearest(name, list(RELEASES))
        hint = f"Did you mean {close}?" if close else f"There are: {', '.join(RELEASES)}."
        raise UsageError(f"There is no agent's program named {name!r}.", remedy=hint)
    return release


def version_key(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare by; what stands behind them (`-beta.1`) does not count."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(number) for number in match.group().split(".")) if match else ()
