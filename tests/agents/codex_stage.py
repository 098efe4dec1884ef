"""A stage for the real Codex: a scripted model behind the real gateway, the MCP tool, a workspace, and a sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.routing import Mount as At
from starlette.routing import Route
from tests.agents.programs_fixture import ensure_agents

from loopwright.agents import AgentContext, AgentItem, Delta, TestReply
from loopwright.agents.codex import CodexAgent
from loopwright.gateway import Gateway, ModelSpec, serve_unix
from loopwright.gateway.requests import whole_request
from loopwright.harness import mcp_app
from loopwright.record import Limits, ModelCalled
from loopwright.record.blobs import BlobStore
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox

__all__ = ["Stage", "open_stage", "played"]


@dataclass
class Stage:
    """What happens on it: `calls` of the model, `notices` by code, `deltas`, and what `run_tests` was asked for."""

    context: AgentContext
    workspace: Path
    blobs: BlobStore
    calls: list[ModelCalled] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def request(self, call: int) -> str:
        """A request to the model, as text."""
        return str(whole_request(self.calls, self.calls[call].call, self.blobs.value))

    def file(self, name: str) -> str:
        """A file of the workspace."""
        return (self.workspace / name).read_text()


@asynccontextmanager
async def open_stage(folder: Path, script: str, backend: str = "bwrap", *, mcp: bool = True) -> AsyncIterator[Stage]:
    """Open a stage in `folder`, where an earlier one may have left a workspace and a home; `script` is YAML."""
    ensure_agents("codex")
    workspace, scratch = folder / "workspace", folder / "scratch"
    for place in (workspace, scratch):
        place.mkdir(exist_ok=True)
    (folder / "script.yaml").write_text(f"version: 1\nname: demo\nreplies:\n{script}")
    calls: list[ModelCalled] = []
    blobs = BlobStore(folder / "blobs")
    spec = ModelSpec.parse(f"scripted:{folder / 'script.yaml'}")
    gateway = Gateway(spec, on_call=calls.append, blobs=blobs, limits=Limits())
    mounts = (Mount(workspace, "/workspace", writable=True), Mount(scratch, "/tmp", writable=True))
    stage = Stage(None, workspace, blobs, calls)  # type: ignore[arg-type]

    async def run_tests(test_path: str, call_id: str) -> TestReply:
        stage.asked.append(test_path)
        return TestReply(f"graded {test_path!r}: 1 passed", "grade", True)

    async def tool(test_path: str) -> str:
        return (await run_tests(test_path, "")).text

    stage.context = AgentContext(
        instruction="",
        workspace=workspace,
        sandbox=open_sandbox(backend, SandboxSpec(mounts=mounts)),
        gateway_socket=folder / "gateway.sock",
        model="demo",
        run_tests=run_tests,
        backend=backend,
        mounts=mounts[:1] if backend == "host" else mounts,
        home=folder / "home",
        on_delta=stage.deltas.append,
        notice=lambda code, message: stage.notices.append((code, message)),
    )
    served = Starlette(routes=[*([Route("/mcp", endpoint=mcp_app(tool))] if mcp else []), At("/", app=gateway.app)])
    async with serve_unix(served, folder / "gateway.sock"):
        try:
            yield stage
        finally:
            with anyio.CancelScope(shield=True):
                await gateway.close()


def played(
    folder: Path, script: str, backend: str = "bwrap"
) -> AbstractAsyncContextManager[tuple[CodexAgent, Stage, Callable[[str], AsyncIterator[AgentItem]]]]:
    """A stage with a prepared Codex on it, that is closed at the end."""

    @asynccontextmanager
    async def playing() -> AsyncIterator[tuple[CodexAgent, Stage, Callable[[str], AsyncIterator[AgentItem]]]]:
        async with open_stage(folder, script, backend) as stage:
            agent = CodexAgent()
            try:
                await agent.prepare(stage.context)
                yield agent, stage, agent.turn
            finally:
                await agent.close()

    return playing()
