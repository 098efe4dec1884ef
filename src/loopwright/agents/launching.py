"""Starting an agent's program in a sandbox of its own: its home, its binaries, and the relay to the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from loopwright.agents.protocol import AgentContext
from loopwright.base import MachineError
from loopwright.sandbox import Mount, Relay, ResourceLimits, Sandbox, SandboxSpec, open_sandbox

__all__ = ["HOME", "PROGRAMS", "Place", "agent_limits", "open_place"]

HOME = "/home/agent"
PROGRAMS = "/opt/agents"
_PORT = 8910


class Place(Struct, frozen=True):
    """A sandbox for an agent's program, and what its settings must say.

    `gateway` is the base URL of the gateway as the program sees it (`http://127.0.0.1:PORT`): `/v1` is the model,
    `/mcp` the MCP server. `home`, `workspace` and `programs` are paths as the program sees them.
    """

    sandbox: Sandbox
    gateway: str
    home: str
    workspace: str
    programs: str


def open_place(context: AgentContext, programs: Path, env: Mapping[str, str] | None = None) -> Place:
    """A sandbox that shows the workspace, the agent's home, and `programs` (read-only; a folder or one file).

    The environment is the allow-list, where `HOME` is the agent's home, and `env`. There is no network but the
    gateway. Open one place for each trajectory, and keep it.

    Raises:
        MachineError: The context has no home for an agent's program, or it cannot be made.
    """
    if context.home is None:
        raise MachineError("this run has no home folder for an agent's program")
    try:
        context.home.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise MachineError(
            f"there is no home for an agent's program: {error.strerror}", where=str(context.home)
        ) from error
    target = PROGRAMS if programs.is_dir() else f"{PROGRAMS}/{programs.name}"
    mounts = (*context.mounts, Mount(context.home, HOME, writable=True), Mount(programs, target))
    # HOME is not set here: every backend makes it the folder that the spec calls /home/agent, wherever that lies.
    spec = SandboxSpec(mounts=mounts, env=dict(env or {}), relay=Relay(context.gateway_socket, _PORT))
    sandbox = open_sandbox(context.backend, spec)
    return Place(
        sandbox=sandbox,
        gateway=f"http://127.0.0.1:{sandbox.relay_port}",
        home=_inside(sandbox, context.home),
        workspace=_inside(sandbox, context.workspace),
        programs=_inside(sandbox, programs),
    )


def _inside(sandbox: Sandbox, path: Path) -> str:
    inside = sandbox.inside_path(path)
    if inside is None:
        raise MachineError(f"the sandbox does not show {path}")
    return inside


def agent_limits() -> ResourceLimits:
    """Limits of an agent's whole process tree: no end of time (the run has one), room for several compilers."""
    return ResourceLimits(wall_seconds=None, memory_bytes=8 << 30, processes=4096, file_bytes=4 << 30)
