"""A set of tools as a profile would have it, on a workspace with a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loopwright.agents import AgentContext, TestReply
from loopwright.base import UsageError
from loopwright.runtime.calls import Call, Outcome
from loopwright.runtime.tools.context import ToolContext
from loopwright.runtime.tools.definition import load_definitions
from loopwright.runtime.tools.handlers import HANDLERS
from loopwright.runtime.tools.toolset import Dress, Tool, Toolset, choose, dressed
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox


@dataclass
class Bench:
    """Tools, and where they work."""

    toolset: Toolset
    context: ToolContext

    @property
    def workspace(self) -> Path:
        return self.context.agent.workspace

    async def call(self, name: str, **arguments: Any) -> Outcome:
        """Find, check and run, as the executor does; what is wrong with the call becomes a failed outcome."""
        return await self.given(Call("c1", name, arguments, ""))

    async def given(self, call: Call) -> Outcome:
        try:
            tool = self.toolset.find(call.tool)
            checked = self.toolset.arguments(tool, call)
        except UsageError as error:
            return Outcome(f"error: {error}", "failed")
        return await self.toolset.run(tool, self.context, checked, call.call_id)


MakeBench = Callable[..., Bench]


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    """Tools run in a real sandbox, on a workspace with one file."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "a.txt").write_text("one\ntwo\x0cstill two\nthree\n")
    spec = SandboxSpec(mounts=(Mount(workspace, "/workspace", writable=True),))

    async def run_tests(path: str, call_id: str) -> TestReply:
        return TestReply(f"graded {path!r}", "g1", ok=path != "wrong", passed=1, total=2)

    return ToolContext(AgentContext("", workspace, open_sandbox("bwrap", spec), tmp_path / "none", "m", run_tests))


@pytest.fixture
def bench(context: ToolContext) -> MakeBench:
    """`bench(paths=..., include=..., dress=..., aliases=..., extra=...)`."""

    def make(
        paths: tuple[str | Path, ...] = ("@core",),
        include: tuple[str, ...] = ("*",),
        dress: Dress | None = None,
        aliases: Mapping[str, str] | None = None,
        extra: tuple[Tool, ...] = (),
    ) -> Bench:
        definitions, _ = load_definitions(paths, HANDLERS)
        tools = [Tool(definition, HANDLERS[definition.handler]) for definition in definitions.values()]
        chosen = choose([*tools, *extra], include)
        return Bench(Toolset([dressed(tool, dress or Dress()) for tool in chosen], aliases), context)

    return make
