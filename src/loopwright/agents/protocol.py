"""What an agent is, whatever program it is: a stream of complete items, one turn at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from loopwright.record import PartAdded, PartType, TurnStarted, Usage
from loopwright.sandbox import Sandbox

__all__ = ["Agent", "AgentCheck", "AgentContext", "AgentItem", "RunTests", "TestReply", "TurnOutcome"]


class TestReply(Struct, frozen=True):
    """What `run_tests` says to the agent, and which grade it was (for the record)."""

    __test__ = False

    text: str
    grade_id: str
    ok: bool


RunTests = Callable[[str, str], Awaitable[TestReply]]
"""`run_tests(test_path, call_id)`: grade the workspace as it is now."""


class AgentContext(Struct, frozen=True):
    """Everything an agent may use. It holds no key: the gateway does."""

    instruction: str
    workspace: Path
    sandbox: Sandbox
    gateway_socket: Path
    model: str
    run_tests: RunTests
    options: dict[str, Any] = {}


class AgentItem(Struct, frozen=True):
    """One complete item of the agent's stream, before it has a part number.

    `arguments` and `result` are JSON values; `raw` is the provider's item as received. `reply` numbers the model's
    replies from 1 within the trajectory.
    """

    part_type: PartType
    item_type: str
    summary: str
    content: str | None = None
    role: Literal["assistant", "user"] = "assistant"
    tool_name: str | None = None
    call_id: str = ""
    arguments: Any = None
    result: Any = None
    tool_status: Literal["called", "completed", "failed", "denied", "timeout"] = "called"
    exit_code: int | None = None
    may_change_files: bool = False
    grade_ids: tuple[str, ...] = ()
    usage: Usage | None = None
    cost: float | None = None
    reply: int | None = None
    parent: str | None = None
    raw: Any = None


class TurnOutcome(Struct, frozen=True):
    """How a turn ended, in the agent's own account."""

    outcome: Literal["finished", "interrupted", "error", "limit"]
    detail: str = ""


class AgentCheck(Struct, frozen=True):
    """Whether an agent can run here; `remedy` is the command that would make it so."""

    ok: bool
    version: str
    detail: str = ""
    remedy: str = ""


class Agent(Protocol):
    """One agent for one trajectory."""

    name: str

    def check(self) -> AgentCheck:
        """Whether the agent's program is here, and which version."""
        ...

    async def prepare(self, context: AgentContext) -> None:
        """Get ready for the first turn of a new trajectory."""
        ...

    async def resume(self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded]) -> None:
        """Get ready to go on after these acknowledged turns and parts (payloads resolved)."""
        ...

    def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """Give the prompt and yield each item when it is complete; ends when the agent yields the turn."""
        ...

    def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """After `resume`: go on with the turn that was cut off, without a new prompt."""
        ...

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        ...

    async def close(self) -> None:
        """End every process of the agent."""
        ...
