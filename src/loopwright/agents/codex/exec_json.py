"""`codex exec --json`: one process a turn, for versions without an app-server.

It tells less: no pieces of what is on its way, no replies of the model, and nobody can be steered. Its lines are
turned into the app-server's notifications, so that one table serves both.
"""

from __future__ import annotations

import re
from typing import Any

import anyio
from anyio.abc import TaskGroup

from loopwright.agents.codex.app_server import CodexGone
from loopwright.agents.codex.channel import Notice, OnMessage
from loopwright.agents.launching import Place
from loopwright.agents.lines import parse_object
from loopwright.agents.process import AgentProcess
from loopwright.base import one_line

__all__ = ["ExecChannel", "as_notification"]

Message = dict[str, Any]
_START_SECONDS = 120.0
_LAST_SECONDS = 5.0
_OPTIONS = ("exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")


class ExecChannel:
    """A conversation by `codex exec` and `codex exec resume`."""

    def __init__(
        self,
        tasks: TaskGroup,
        place: Place,
        argv: tuple[str, ...],
        env: dict[str, str],
        on_message: OnMessage,
        notice: Notice,
    ) -> None:
        self.thread = ""
        self._tasks = tasks
        self._place = place
        self._argv = argv
        self._env = env
        self._on_message = on_message
        self._notice = notice
        self._process: AgentProcess | None = None
        self._named = anyio.Event()
        self._turns = 0
        self._over = True
        self._interrupting = False
        self._failed = False

    @property
    def alive(self) -> bool:
        """Whether a turn can be started: always, but after a process that ended in the middle of one."""
        return not self._failed

    @property
    def ending(self) -> str:
        """How the last process ended, in words."""
        return "" if self._process is None else f"codex {self._process.how_it_ended()}"

    async def open(self, thread: str | None) -> None:
        """Go on with the thread of this id, if there is one, at the next turn."""
        self.thread = thread or ""
        self._failed = False

    async def begin(self, prompt: str) -> str:
        """Start a process with this prompt, and wait until it names its thread.

        Raises:
            MachineError: The sandbox could not be started.
            CodexGone: The process ended before it began.
        """
        if self._process is not None:
            await self._process.close(grace=_LAST_SECONDS)  # it may still write down what the last turn was
        self._turns += 1
        self._over, self._interrupting, self._named = False, False, anyio.Event()
        which = ("resume", self.thread, "-") if self.thread else ("-",)
        self._process = await AgentProcess.start(
            self._tasks,
            self._place,
            (*self._argv, *_OPTIONS, "-C", self._place.workspace, *which),
            env=self._env,
            on_line=self._hear,
            on_end=self._ended,
        )
        try:
            await self._process.send(prompt.encode("utf-8", "replace"))
            await self._process.close_stdin()
        except anyio.BrokenResourceError:
            await self._process.close(grace=1.0)
        with anyio.move_on_after(_START_SECONDS):
            await self._named.wait()
        if self._over or not self.thread:
            await self._process.close()
            raise CodexGone(self.ending)
        return self._turn

    async def interrupt(self, turn: str) -> None:
        """Interrupt the process; the turn ends as interrupted."""
        self._interrupting = True
        if self._process is not None:
            self._process.interrupt()

    async def steer(self, turn: str, text: str) -> bool:
        """It cannot be steered."""
        return False

    async def close(self) -> None:
        """End the process of a turn that goes on."""
        if self._process is not None:
            await self._process.close()

    @property
    def _turn(self) -> str:
        return f"turn-{self._turns}"

    async def _hear(self, line: bytes) -> None:
        told = parse_object(line)
        if told is None:
            self._notice("codex_garbage", f"Codex wrote a line that is no message: {one_line(repr(line[:200]))}")
            return
        if told.get("type") == "thread.started" and isinstance(told.get("thread_id"), str):
            self.thread = told["thread_id"]
            self._named.set()
        message = as_notification(told, self.thread, self._turn)
        if message is not None:
            self._over = self._over or message["method"] == "turn/completed"
            self._on_message(message)

    def _ended(self) -> None:
        if not self._over and self._interrupting:
            self._on_message(_turn_ended(self.thread, self._turn, {"status": "interrupted"}))
        elif not self._over:
            self._failed = True
            self._on_message(None)
        self._over = True
        self._named.set()


def as_notification(told: Message, thread: str, turn: str) -> Message | None:
    """The notification of the app-server that says the same as a line of `exec --json`; None where none does."""
    kind, item = told.get("type"), told.get("item")
    where = {"threadId": thread, "turnId": turn}
    if kind in ("item.started", "item.completed") and isinstance(item, dict):
        # The numbers of items begin again with each process.
        whole = {**_camel_keys(item), "id": f"{turn}.{item.get('id')}", "type": _camel(item.get("type"))}
        return {"method": kind.replace(".", "/"), "params": {**where, "item": whole}}
    if kind == "turn.completed":
        return _turn_ended(thread, turn, {"status": "completed"})
    if kind == "turn.failed":
        return _turn_ended(thread, turn, {"status": "failed", "error": told.get("error")})
    if kind == "error":
        return {"method": "error", "params": {**where, "error": {"message": told.get("message")}, "willRetry": True}}
    return (
        None if kind in ("thread.started", "turn.started", "item.updated") else {"method": str(kind), "params": where}
    )


def _turn_ended(thread: str, turn: str, how: Message) -> Message:
    return {"method": "turn/completed", "params": {"threadId": thread, "turn": {"id": turn, **how}}}


def _camel(name: Any) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), str(name))


def _camel_keys(item: Message) -> Message:
    renamed = {_camel(key): value for key, value in item.items()}
    if renamed.get("status") == "in_progress":
        renamed["status"] = "inProgress"
    return renamed
