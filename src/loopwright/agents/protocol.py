"""What an agent is, whatever program it is: a stream of complete items, one turn at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from loopwright.agents.activity import Activity
from loopwright.record import PartAdded, PartType, TurnStarted, Usage
from loopwright.sandbox import Mount, Sandbox

__all__ = [
    "Agent",
    "AgentCheck",
    "AgentContext",
    "AgentItem",
    "AgentMemory",
    "Delta",
    "DeltaKind",
    "RunTests",
    "TestReply",
    "TurnOutcome",
]


class TestReply(Struct, frozen=True):
    """What `run_tests` says to the agent, which grade it was (for the record), and its counts (for conditions)."""

    __test__ = False

    text: str
    grade_id: str
    ok: bool
    passed: int = 0
    total: int = 0


RunTests = Callable[[str, str], Awaitable[TestReply]]
"""`run_tests(test_path, call_id)`: grade the workspace as it is now."""

DeltaKind = Literal["text", "reasoning", "tool", "output", "diff"]


class Delta(Struct, frozen=True):
    """A piece of something that is not complete yet, for people who watch. It is never recorded."""

    kind: DeltaKind
    text: str
    name: str = ""


class AgentMemory(Struct, frozen=True):
    """An agent's own memory of its session: enough to take the session up again.

    `files` maps paths relative to the agent's home to their bytes; small enough to be kept in the record.
    """

    session_id: str
    files: Mapping[str, bytes] = {}


def _ignore_delta(delta: Delta) -> None:
    """Nobody is watching."""


def _ignore_notice(code: str, message: str) -> None:
    """Nobody keeps a record."""


class AgentContext(Struct, frozen=True):
    """Everything an agent may use. It holds no key: the gateway does.

    Attributes:
        instruction: The task, in words.
        workspace: The working copy on the host; `/workspace` inside.
        sandbox: Where our own agent's commands run. It has no relay.
        gateway_socket: The unix socket with `/v1/...` (the model) and `/mcp` (the `run_tests` tool).
        model: The name of the model, as it is recorded and shown.
        run_tests: The grader, for agents that live in this process.
        options: What else an agent was started with, by name (`conversation`: the trajectory's id).
        backend: The sandbox backend, for agents that open a sandbox of their own.
        mounts: What the agent's sandbox shows (`/workspace`, `/tmp`).
        home: The agent's home folder on the host. It is the run's, so it is still there after a crash.
        cache: A folder for what is worth keeping from one run to the next (it need not exist); None to keep nothing.
        on_delta: Tell what is on its way. Must not block.
        notice: Tell people something that is not a part, `notice(code, message)`; it is recorded.
        activity: What the agent is doing now, for the watchdog; agents keep it up to date.
    """

    instruction: str
    workspace: Path
    sandbox: Sandbox
    gateway_socket: Path
    model: str
    run_tests: RunTests
    options: dict[str, Any] = {}
    backend: str = ""
    mounts: tuple[Mount, ...] = ()
    home: Path | None = None
    cache: Path | None = None
    on_delta: Callable[[Delta], None] = _ignore_delta
    notice: Callable[[str, str], None] = _ignore_notice
    activity: Activity = field(default_factory=Activity)


class AgentItem(Struct, frozen=True):
    """One complete item of the agent's stream, before it has a part number.

    `arguments` and `result` are JSON values; `raw` is the provider's item as received. `reply` numbers the model's
    replies from 1 within the trajectory. `parent` is the `call_id` of the tool call whose sub-agent did this.
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
    """How a turn ended, in the agent's own account. `dead` says that its process ended in the middle of it."""

    outcome: Literal["finished", "interrupted", "error", "limit"]
    detail: str = ""
    dead: bool = False


class AgentCheck(Struct, frozen=True):
    """Whether an agent can run here; `remedy` is the command that would make it so.

    `warning` is said, and recorded, where it can run but was not tested in this version.
    """

    ok: bool
    version: str
    detail: str = ""
    remedy: str = ""
    path: str = ""
    warning: str = ""


class Agent(Protocol):
    """One agent for one trajectory.

    Attributes:
        name: As in `--agent`.
        steers: Whether `steer` reaches the turn that is going on.
    """

    name: str
    steers: bool

    def check(self) -> AgentCheck:
        """Whether the agent's program is here, and which version."""
        ...

    async def prepare(self, context: AgentContext) -> None:
        """Get ready for the first turn of a new trajectory.

        Raises:
            MachineError: The program cannot be started.
        """
        ...

    async def resume(
        self, context: AgentContext, turns: list[TurnStarted], parts: list[PartAdded], memory: AgentMemory | None
    ) -> None:
        """Get ready to go on after these acknowledged turns and parts (payloads resolved).

        `memory` is the newest that was recorded; what lies in `context.home` may be newer. Where neither can be used,
        start a new session, say so by a notice, and give it a summary of the record with the next prompt.
        """
        ...

    def turn(self, prompt: str) -> AsyncIterator[AgentItem]:
        """Give one prompt, and yield the items until the agent yields. Look at `outcome` afterwards.

        Items are yielded when they are complete, each once, in the order in which they were completed. Closing the
        iterator interrupts the turn and leaves the agent ready for the next one, or dead.
        """
        ...

    def unfinished_turn(self) -> AsyncIterator[AgentItem]:
        """The rest of a turn that a crash cut off, after `resume`."""
        ...

    @property
    def outcome(self) -> TurnOutcome:
        """How the last turn ended."""
        ...

    async def steer(self, text: str) -> bool:
        """Tell the agent something in the middle of its turn; False where it cannot hear it now."""
        ...

    def memory(self) -> AgentMemory | None:
        """What would be needed to take the session up elsewhere, as of now; None where there is nothing to keep."""
        ...

    async def close(self) -> None:
        """End every process that was started."""
        ...
