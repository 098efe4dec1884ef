"""What an agent's program needs around it: a gateway with a scripted model, the `run_tests` tool, a workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from msgspec import json as msgspec_json
from starlette.applications import Starlette
from starlette.routing import Mount as RouteMount
from starlette.routing import Route

from loopwright.agents import Agent, AgentContext, AgentItem, Delta, TestReply
from loopwright.gateway import Gateway, ModelSpec, serve_unix
from loopwright.harness import mcp_app
from loopwright.record import Limits, ModelCalled, PartAdded, Payload, ToolUse, TurnStarted
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox

REPORT = "2 passed, 1 failed ({path})"


class Blobs:
    """Keeps every payload by value."""

    def payload(self, value: Any) -> Payload:
        return Payload(value=value)


@dataclass
class Stage:
    """One agent's surroundings, and what was heard of it."""

    folder: Path
    context: AgentContext
    calls: list[ModelCalled] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        return self.context.workspace

    @property
    def codes(self) -> list[str]:
        return [code for code, _ in self.notices]


@asynccontextmanager
async def open_stage(folder: Path, script: str, backend: str = "bwrap") -> AsyncIterator[Stage]:
    """Serve `script` (YAML) and the tool; the agent's home and workspace are in `folder`, also when opened again."""
    file = folder / "script.yaml"
    file.write_text(script)
    for name in ("workspace", "scratch"):
        (folder / name).mkdir(exist_ok=True)
    spec = ModelSpec.parse(f"scripted:{file}")
    mounts = [Mount(folder / "workspace", "/workspace", writable=True)]
    if backend != "host":
        mounts.append(Mount(folder / "scratch", "/tmp", writable=True))
    calls: list[ModelCalled] = []
    gateway = Gateway(spec, on_call=calls.append, limits=Limits(), blobs=Blobs())
    tested: list[str] = []
    notices: list[tuple[str, str]] = []
    deltas: list[Delta] = []

    async def run_tests(path: str) -> str:
        tested.append(path)
        return REPORT.format(path=path)

    async def graded(path: str, call_id: str) -> TestReply:
        return TestReply(await run_tests(path), "grade-1", True)

    routes = [Route("/mcp", endpoint=mcp_app(run_tests)), RouteMount("/", app=gateway.app)]
    async with serve_unix(Starlette(routes=routes), folder / "gateway.sock"):
        context = AgentContext(
            instruction="Do what the script says.",
            workspace=folder / "workspace",
            sandbox=open_sandbox(backend, SandboxSpec(mounts=tuple(mounts))),
            gateway_socket=folder / "gateway.sock",
            model=spec.name,
            run_tests=graded,
            options={"conversation": "stage"},
            backend=backend,
            mounts=tuple(mounts),
            home=folder / "home",
            on_delta=deltas.append,
            notice=lambda code, message: notices.append((code, message)),
        )
        yield Stage(folder, context, calls, notices, deltas, tested)
    await gateway.close()


async def play(agent: Agent, prompt: str | None, seconds: float = 100.0) -> list[AgentItem]:
    """All items of one turn; of the unfinished one, where there is no prompt."""
    found = []
    with anyio.fail_after(seconds):
        stream: Any = agent.unfinished_turn() if prompt is None else agent.turn(prompt)
        async with aclosing(stream) as items:
            async for item in items:
                found.append(item)
    return found


async def play_until(agent: Agent, prompt: str, tool: str, seconds: float = 100.0) -> list[AgentItem]:
    """The items until a call of `tool`; the turn is interrupted there."""
    found = []
    with anyio.fail_after(seconds):
        stream: Any = agent.turn(prompt)
        async with aclosing(stream) as items:
            async for item in items:
                found.append(item)
                if item.part_type == "tool_call" and item.tool_name == tool:
                    break
    return found


def brief(item: AgentItem) -> str:
    """An item as one short line, without ids and times: what tests compare."""
    words = [item.part_type, item.tool_name or ""]
    if item.part_type == "tool_result":
        words += [item.tool_status, "" if item.exit_code is None else f"exit {item.exit_code}"]
    if item.may_change_files:
        words.append("changes")
    if item.parent:
        words.append("inner")
    return " ".join(word for word in words if word)


def as_part(number: int, turn: int, item: AgentItem) -> PartAdded:
    """An item as the trajectory records it."""
    tool = None
    if item.tool_name is not None:
        tool = ToolUse(
            item.tool_name, item.call_id, Payload(value=item.arguments), Payload(value=item.result), item.tool_status
        )
    return PartAdded(
        part=number,
        turn=turn,
        timestamp="2026-01-01T00:00:00Z",
        role=item.role,
        part_type=item.part_type,
        item_type=item.item_type,
        summary=item.summary,
        duration_ms=1,
        agent_model="m",
        content=Payload(value=item.content),
        tool=tool,
        reply=item.reply,
    )


def recorded(prompt: str, items: list[AgentItem]) -> tuple[list[TurnStarted], list[PartAdded]]:
    """One turn as a journal gives it."""
    turn = TurnStarted(1, "2026-01-01T00:00:00Z", Payload(value=prompt), 1)
    return [turn], [as_part(number, 1, item) for number, item in enumerate(items, 1)]


def requested(call: ModelCalled) -> str:
    """A request to the model, as text."""
    assert call.request is not None
    return msgspec_json.encode(call.request.value).decode()
