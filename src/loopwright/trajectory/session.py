"""One process working on one trajectory: opens every part of the house, runs the loop, and closes all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
from msgspec import Struct

from loopwright.agents import AgentContext
from loopwright.base import LoopwrightError, MachineError
from loopwright.checkpoint import Checkpoints
from loopwright.gateway import Gateway, serve_unix
from loopwright.harness import Grader
from loopwright.record import (
    EndReason,
    Event,
    Journal,
    Limits,
    ModelCalled,
    PartAdded,
    RunDir,
    RunEnded,
    SkippedFile,
    TurnStarted,
)
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox
from loopwright.trajectory.clock import now
from loopwright.trajectory.control import serve_control
from loopwright.trajectory.finishing import finish, live_store
from loopwright.trajectory.grading import GradeDesk
from loopwright.trajectory.loop import TestLoop
from loopwright.trajectory.plan import Plan
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.serving import host_app
from loopwright.trajectory.state import RunState
from loopwright.trajectory.stopping import StopSwitch

__all__ = ["Listener", "Past", "Session"]

Listener = Callable[[int, Event], None]


class Past(Struct):
    """What a resumed trajectory brings along: acknowledged turns and parts (payloads resolved), model calls."""

    turns: list[TurnStarted]
    parts: list[PartAdded]
    calls: list[ModelCalled]


class Session:
    """Owns everything that is open while a trajectory is worked on.

    Args:
        plan: What is run.
        rundir: Where it is recorded.
        journal: Open for writing; its first event is written.
        state: The fold of the journal so far.
        checkpoints: The private repository, at the newest acknowledged commit.
        limits: In force from now on.
        stop: Ends the run when it is pressed.
        listeners: Told of every event after it was recorded.
    """

    def __init__(
        self,
        plan: Plan,
        rundir: RunDir,
        journal: Journal,
        state: RunState,
        checkpoints: Checkpoints,
        limits: Limits,
        stop: StopSwitch,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self._plan = plan
        self._rundir = rundir
        self._journal = journal
        self._checkpoints = checkpoints
        self._limits = limits
        self._blobs = journal.blobs
        self._recorder = Recorder(journal, state, self._blobs, checkpoints, plan.model.name)
        self._stop = stop
        journal.subscribe(lambda _, event: state.apply(event))
        for listener in listeners:
            journal.subscribe(listener)

    def tell_lost(self, files: Iterable[SkippedFile]) -> None:
        """Tell which files could not be put back, because a checkpoint holds only their hash."""
        for file in files:
            self._recorder.notice("file_lost", f"{file.path} ({file.size} bytes) could not be restored: {file.why}")

    async def run(self, past: Past | None) -> RunEnded:
        """Work until the trajectory ends; `past` is None for a new one.

        Whatever happens, the end is recorded, derived files are written and everything started is ended.

        Raises:
            Exception: Something that is our fault; it was recorded as `harness_error` before.
        """
        self._recorder.state.go_live()
        if self._checkpoints.watch_note:
            self._recorder.notice("slow_checkpoints", self._checkpoints.watch_note)
        async with live_store(self._rundir, self._plan.store, self._tell_store_trouble) as shipper:
            ended, fault = await self._guarded(past)
            self._recorder.emit(ended)
            try:
                await finish(self._rundir, shipper)
            except LoopwrightError as error:
                self._recorder.notice("not_finished", str(error), level="error")
        if fault is not None:
            raise fault
        return ended

    def _tell_store_trouble(self, text: str) -> None:
        self._recorder.notice("store", text)

    async def _guarded(self, past: Past | None) -> tuple[RunEnded, Exception | None]:
        try:
            async with self._open(past) as loop:
                return await loop.run(), None
        except Exception as error:  # noqa: BLE001 - the end of a run is recorded whatever broke; faults go on to the caller
            leaves = _leaves(error)
            fault = next((leaf for leaf in leaves if not isinstance(leaf, LoopwrightError)), None)
            return self._broken(leaves), fault

    def _broken(self, errors: list[Exception]) -> RunEnded:
        state = self._recorder.state
        machine = all(isinstance(error, MachineError) for error in errors)
        reason: EndReason = "infrastructure_error" if machine else "harness_error"
        return RunEnded(
            timestamp=now(),
            reason=reason,
            total_parts=state.parts,
            total_turns=state.turns,
            final_git_commit=state.last_commit,
            detail="; ".join(_words(error) for error in errors),
        )

    @asynccontextmanager
    async def _open(self, past: Past | None) -> AsyncIterator[TestLoop]:
        plan, recorder = self._plan, self._recorder
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(tasks.cancel_scope.cancel)
            grader = Grader(plan.task, backend=plan.probe.backend, cache=self._rundir.grades)
            desk = GradeDesk(grader, self._checkpoints.repo, recorder)
            gateway = self._gateway(past)
            stack.push_async_callback(gateway.close)
            socket = self._rundir.gateway_socket
            app = await stack.enter_async_context(host_app(gateway, desk))
            await stack.enter_async_context(serve_unix(app, socket))
            tasks.start_soon(serve_control, self._rundir.control, self._stop)
            stack.push_async_callback(plan.agent.close)
            await self._prepare_agent(self._context(desk, socket), past)
            yield TestLoop(plan.agent, plan.task, recorder, desk, gateway, self._stop, self._limits)

    def _gateway(self, past: Past | None) -> Gateway:
        state = self._recorder.state
        gateway = Gateway(
            self._plan.model,
            on_call=self._recorder.emit,
            limits=self._limits,
            blobs=self._blobs,
            next_call=state.model_calls + 1,
            spent=(state.cost, state.usage.total),
        )
        if past is not None:
            gateway.restore(past.calls)
        return gateway

    def _context(self, desk: GradeDesk, socket: Path) -> AgentContext:
        mounts = [Mount(self._rundir.workspace, "/workspace", writable=True)]
        if self._plan.probe.backend != "host":
            # What an agent puts into /tmp is still there at its next command, and after a crash.
            self._rundir.scratch.mkdir(exist_ok=True)
            mounts.append(Mount(self._rundir.scratch, "/tmp", writable=True))
        return AgentContext(
            instruction=self._plan.task.instruction,
            workspace=self._rundir.workspace,
            sandbox=open_sandbox(self._plan.probe.backend, SandboxSpec(mounts=tuple(mounts))),
            gateway_socket=socket,
            model=self._plan.model.name,
            run_tests=desk.run_tests,
            options={"conversation": self._rundir.id},
        )

    async def _prepare_agent(self, context: AgentContext, past: Past | None) -> None:
        if past is None or not past.turns:
            await self._plan.agent.prepare(context)
        else:
            await self._plan.agent.resume(context, past.turns, past.parts)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, LoopwrightError) else f"{type(error).__name__}: {error}"


def _leaves(error: Exception) -> list[Exception]:
    """The single errors inside of nested groups."""
    if isinstance(error, ExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
