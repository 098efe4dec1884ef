"""Our agent in a process: a profile, a scripted model behind a real gateway, and a real sandbox."""

from __future__ import annotations

import json
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from loopwright.agents import AgentContext, AgentItem, TestReply, TurnOutcome
from loopwright.gateway import Gateway, ModelSpec, serve_unix, whole_request
from loopwright.record import Limits, ModelCalled, PartAdded, Payload, ToolUse, TurnStarted
from loopwright.record.blobs import BlobStore
from loopwright.runtime import Runtime
from loopwright.runtime.config import load_config
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox

PROFILE = """\
version: 2
providers: {default_model: openai/some-model, models: [{id: "*", adapter: openai_chat}]}
prompts: {tool_prompt_mode: none}
logging: {enabled: false}
"""


@dataclass
class Ran:
    """What came of some prompts."""

    items: list[AgentItem]
    outcomes: list[TurnOutcome]
    requests: list[Any]
    notices: list[tuple[str, str]]
    workspace: Path
    calls: list[ModelCalled] = field(default_factory=list)

    @property
    def outcome(self) -> TurnOutcome:
        return self.outcomes[-1]

    def results(self) -> list[tuple[str, str]]:
        """Tool and status of every result."""
        return [(str(item.tool_name), item.tool_status) for item in self.items if item.part_type == "tool_result"]

    def result(self, at: int = -1) -> str:
        return [str(item.result) for item in self.items if item.part_type == "tool_result"][at]

    def said(self, kind: str) -> list[str]:
        """What the loop said to the model."""
        return [str(item.content) for item in self.items if item.item_type == kind]


@dataclass
class Lab:
    """A folder with a profile, a script and a workspace."""

    folder: Path
    passed: tuple[int, int] = (1, 2)
    steer_after: tuple[int, str] | None = None

    @property
    def workspace(self) -> Path:
        path = self.folder / "workspace"
        path.mkdir(exist_ok=True)
        return path

    def profile(self, text: str, base: str = PROFILE) -> Path:
        """Write a profile on top of `base`."""
        (self.folder / "base.yaml").write_text(base)
        path = self.folder / "profile.yaml"
        path.write_text(f"version: 2\nextends: base.yaml\n{textwrap.dedent(text)}")
        return path

    def run(self, replies: str, profile: str = "", *prompts: str, **options: Any) -> Ran:
        """Give prompts to the agent; `replies` is the YAML list of a script."""
        path = options.pop("path", None) or self.profile(profile)
        ran: Ran = anyio.run(self._run, textwrap.dedent(replies), path, prompts or ("Go.",), options)
        return ran

    async def _run(self, replies: str, profile: Path, prompts: tuple[str, ...], options: dict[str, Any]) -> Ran:
        async with self.opened(replies, profile, **options) as (runtime, ran):
            for prompt in prompts:
                await self.take(runtime.turn(prompt), ran, runtime)
                ran.outcomes.append(runtime.outcome)
        return ran

    async def take(self, items: AsyncIterator[AgentItem], ran: Ran, runtime: Runtime) -> None:
        """Collect the items of a turn, and steer where that was asked for."""
        async for item in items:
            ran.items.append(item)
            if self.steer_after is not None and len(ran.items) == self.steer_after[0]:
                assert runtime.steer(self.steer_after[1])

    def opened(self, replies: str, profile: Path, **options: Any) -> AbstractAsyncContextManager[tuple[Runtime, Ran]]:
        @asynccontextmanager
        async def opening() -> AsyncIterator[tuple[Runtime, Ran]]:
            script = self.folder / "script.yaml"
            script.write_text(f"version: 1\nname: played\n{options.get('head', '')}\nreplies:\n{replies}")
            ran = Ran([], [], [], [], self.workspace)
            past = list(options.get("past", ()))
            blobs = BlobStore(self.folder / "blobs")
            spec = ModelSpec.parse(f"scripted:{script}")
            gateway = Gateway(spec, on_call=ran.calls.append, blobs=blobs, next_call=len(past) + 1, limits=Limits())
            gateway.restore(past)
            async with serve_unix(gateway.app, self.folder / "g.sock"):
                context = self._context(spec.name, ran, options)
                runtime = await Runtime.open(context, load_config(profile))
                try:
                    yield runtime, ran
                finally:
                    await runtime.close()
            await gateway.close()
            ran.requests = [whole_request(ran.calls, call.call, blobs.value) for call in ran.calls if call.request]

        return opening()

    def _context(self, model: str, ran: Ran, options: dict[str, Any]) -> AgentContext:
        async def run_tests(path: str, call_id: str) -> TestReply:
            return TestReply(f"graded {path!r}", "g1", ok=path != "wrong", passed=self.passed[0], total=self.passed[1])

        spec = SandboxSpec(mounts=(Mount(self.workspace, "/workspace", writable=True),))
        given = {"conversation": "talk", "model_id": options.get("model_id", "scripted:script.yaml")}
        if "rundir" in options:
            given["rundir"] = options["rundir"]
        return AgentContext(
            "",
            self.workspace,
            open_sandbox("bwrap", spec),
            self.folder / "g.sock",
            model,
            run_tests,
            options=given,
            notice=lambda code, message: ran.notices.append((code, message)),
        )


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A place to run profiles in."""
    return Lab(tmp_path)


def as_parts(items: list[AgentItem], turn: int = 1) -> list[PartAdded]:
    """The parts that these items become, payloads by value, through JSON as in the journal."""
    return [_part(number, item, turn) for number, item in enumerate(items, 1)]


def _part(number: int, item: AgentItem, turn: int) -> PartAdded:
    def payload(value: Any) -> Payload | None:
        return None if value is None else Payload(value=json.loads(json.dumps(value)))

    tool = None
    if item.tool_name is not None:
        arguments, result = payload(item.arguments), payload(item.result)
        tool = ToolUse(item.tool_name, item.call_id, arguments, result, item.tool_status, item.exit_code)
    return PartAdded(
        part=number,
        turn=turn,
        timestamp="",
        role=item.role,
        part_type=item.part_type,
        item_type=item.item_type,
        summary=item.summary,
        duration_ms=0,
        agent_model="m",
        content=payload(item.content),
        tool=tool,
        usage=item.usage,
        grade_ids=item.grade_ids,
        reply=item.reply,
        raw=payload(item.raw),
    )


def started(prompt: str, turn: int = 1) -> TurnStarted:
    """The event of a prompt."""
    return TurnStarted(turn=turn, timestamp="", prompt=Payload(value=prompt), part_start=1)


Parts = Callable[[list[AgentItem]], list[PartAdded]]


@pytest.fixture(name="as_parts")
def _as_parts() -> Parts:
    return as_parts


@pytest.fixture(name="started")
def _started() -> Callable[..., TurnStarted]:
    return started
