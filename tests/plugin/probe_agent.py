"""An agent that is a plug-in, for tests of what lies around agents: `--agent probe:PLAN.json`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio

from loopwright.agents import AgentCheck, AgentContext, AgentItem, AgentMemory, Delta, TurnOutcome
from loopwright.agents.launching import agent_limits, open_place
from loopwright.record import PartAdded, TurnStarted
from loopwright.sandbox import Command


class ProbeAgent:
    """Runs `probe_program.py` in a sandbox; see there."""

    name = "probe"
    steers = True

    def __init__(self, plan: str) -> None:
        self._plan = Path(plan)
        self._stack = AsyncExitStack()
        self._process: Any = None
        self._rest = b""
        self.outcome = TurnOutcome("finished")

    def check(self) -> AgentCheck:
        return AgentCheck(ok=True, version="1", warning="the probe was never tested")

    async def prepare(self, context: AgentContext) -> None:
        self._context = context
        place = open_place(context, Path(__file__).parent)
        assert context.home is not None
        self._home = context.home
        if not (self._home / "plan.json").exists():
            shutil.copyfile(self._plan, self._home / "plan.json")
        command = Command(
            (sys.executable, f"{place.programs}/probe_program.py"),
            cwd=place.workspace,
            env={"GATEWAY": place.gateway},
            limits=agent_limits(),
        )
        self._process = await self._stack.enter_async_context(place.sandbox.spawn(command))

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        assert context.home is not None
        context.home.mkdir(exist_ok=True)
        for path, data in (memory.files if memory else {}).items():
            if not (context.home / path).exists():
                (context.home / path).write_bytes(data)
        await self.prepare(context)

    async def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        async for item in self._follow({"prompt": prompt}):
            yield item

    async def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        async for item in self._follow({}):
            yield item

    async def _follow(self, asked: dict[str, Any]) -> AsyncIterator[AgentItem]:
        self.outcome = TurnOutcome("finished")
        await self._process.stdin.send(json.dumps(asked).encode() + b"\n")
        while True:
            line = await self._line()
            if line is None:
                code = await self._process.wait()
                self.outcome = TurnOutcome("error", f"exit code {code}", dead=True)
                return
            told = json.loads(line)
            self._context.activity.heard()
            if told.get("done"):
                return
            if "delta" in told:
                self._context.on_delta(Delta(told["delta"], told["text"]))
            elif told["item"] == "started":
                self._context.activity.tool_started(told["id"], told["tool"])
            else:
                yield _item(told)

    async def _line(self) -> bytes | None:
        while b"\n" not in self._rest:
            try:
                self._rest += await self._process.stdout.receive()
            except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    async def steer(self, text: str) -> bool:
        await self._process.stdin.send(json.dumps({"steer": text}).encode() + b"\n")
        return "deaf" not in text

    def memory(self) -> AgentMemory | None:
        names = ("memory.jsonl", "done.json")
        found = {name: (self._home / name).read_bytes() for name in names if (self._home / name).exists()}
        return AgentMemory("session-1", found)

    async def close(self) -> None:
        await self._stack.aclose()


def _item(told: dict[str, Any]) -> AgentItem:
    text, tool = told.get("text", ""), told.get("tool")
    match told["item"]:
        case "call":
            return AgentItem(
                "tool_call", "call", str(tool), tool_name=tool, call_id=told["id"], arguments=told["arguments"]
            )
        case "result":
            return AgentItem(
                "tool_result",
                "result",
                text[:50],
                role="user",
                tool_name=tool,
                call_id=told["id"],
                result=text,
                tool_status="completed",
                exit_code=told.get("code"),
                may_change_files=tool == "shell",
            )
        case "patch":
            return AgentItem("patch", "patch", text, content=text, may_change_files=True)
        case _:
            return AgentItem("text", "message", text, content=text)
