"""One process working on one trajectory, to its recorded end, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

import anyio
import anyio.to_thread

from loopwright.base import LoopwrightError, MachineError
from loopwright.checkpoint import Checkpoints
from loopwright.record import EndReason, Event, Journal, RunDir, RunEnded, SkippedFile, StopRequested
from loopwright.trajectory.asking import AskNext
from loopwright.trajectory.clock import now
from loopwright.trajectory.deltas import DeltaFeed, DeltaListener
from loopwright.trajectory.finishing import finish, live_store
from loopwright.trajectory.inheriting import Opening
from loopwright.trajectory.opening import Work, open_loop
from loopwright.trajectory.past import Past
from loopwright.trajectory.plan import Plan
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.state import RunState
from loopwright.trajectory.stopping import StoppedEarly, StopSwitch

__all__ = ["Listener", "Session"]

Listener = Callable[[int, Event], None]


@runtime_checkable
class KeepsMore(Protocol):
    """An agent that keeps something of a run besides its record."""

    def run_ended(self, rundir: RunDir) -> None:
        """Bring it up to date with the record, which has the end now."""
        ...


class Session:
    """The work of this process on a trajectory.

    Args:
        plan: What is run.
        rundir: Where it is recorded.
        journal: Open for writing; its first event is written.
        state: The fold of the journal so far; its limits are in force.
        checkpoints: The private repository, at the newest acknowledged commit.
        stop: Ends the run when it is pressed.
        listeners: Told of every event after it was recorded.
        on_delta: Told of what is on its way, as it comes.
        ask: Asked for the next instruction whenever a turn has ended; None where nobody is there.
    """

    def __init__(
        self,
        plan: Plan,
        rundir: RunDir,
        journal: Journal,
        state: RunState,
        checkpoints: Checkpoints,
        stop: StopSwitch,
        listeners: Iterable[Listener] = (),
        on_delta: DeltaListener | None = None,
        ask: AskNext | None = None,
    ) -> None:
        self._plan = plan
        self._rundir = rundir
        self._recorder = Recorder(journal, state, journal.blobs, checkpoints, plan.model.name)
        feed = DeltaFeed()
        if on_delta is not None:
            feed.subscribe(on_delta)
        self._work = Work(plan, rundir, journal, self._recorder, stop, feed, ask)
        journal.subscribe(lambda _, event: state.apply(event))
        for listener in listeners:
            journal.subscribe(listener)

    def tell_lost(self, files: Iterable[SkippedFile]) -> None:
        """Tell which files could not be put back, because a checkpoint holds only their hash."""
        for file in files:
            self._recorder.notice("file_lost", f"{file.path} ({file.size} bytes) could not be restored: {file.why}")

    async def run(self, past: Past | None, opening: Opening | None = None) -> RunEnded:
        """Work until the trajectory ends.

        `past` is None where its agent begins anew; `opening` is how the first turn begins where that is not with the
        task's instruction.

        Whatever happens, the end is recorded, derived files are written and everything started is ended.

        Raises:
            Exception: Something that is our fault; it was recorded as `harness_error` before.
        """
        self._recorder.state.go_live()
        self._tell_beginning()
        async with live_store(self._rundir, self._plan.store, self._tell_store_trouble) as shipper:
            ended, fault = await self._guarded(past, opening)
            self._recorder.emit(ended)
            try:
                await finish(self._rundir, shipper)
                if isinstance(self._plan.agent, KeepsMore):
                    await anyio.to_thread.run_sync(self._plan.agent.run_ended, self._rundir)
            except LoopwrightError as error:
                self._recorder.notice("not_finished", str(error), level="error")
        if fault is not None:
            raise fault
        return ended

    def _tell_beginning(self) -> None:
        if self._recorder.checkpoints.watch_note:
            self._recorder.notice("slow_checkpoints", self._recorder.checkpoints.watch_note)
        if self._plan.agent_warning:
            self._recorder.notice("agent_version", self._plan.agent_warning)

    def _tell_store_trouble(self, text: str) -> None:
        self._recorder.notice("store", text)

    async def _guarded(self, past: Past | None, opening: Opening | None) -> tuple[RunEnded, Exception | None]:
        try:
            async with open_loop(self._work, past, opening) as loop:
                return await loop.run(), None
        except Exception as error:  # noqa: BLE001 - the end of a run is recorded whatever broke; faults go on to the caller
            leaves = _leaves(error)
            if all(isinstance(leaf, StoppedEarly) for leaf in leaves):
                return self._stopped(), None
            fault = next((leaf for leaf in leaves if not isinstance(leaf, LoopwrightError)), None)
            return self._broken(leaves), fault

    def _stopped(self) -> RunEnded:
        source, state = str(self._work.stop.source), self._recorder.state
        if not state.stop_requested:
            self._recorder.emit(StopRequested(timestamp=now(), source=source))
        return self._ended("stopped", source)

    def _broken(self, errors: list[Exception]) -> RunEnded:
        machine = all(isinstance(error, MachineError) for error in errors)
        reason: EndReason = "infrastructure_error" if machine else "harness_error"
        return self._ended(reason, "; ".join(_words(error) for error in errors))

    def _ended(self, reason: EndReason, detail: str) -> RunEnded:
        state = self._recorder.state
        return RunEnded(
            timestamp=now(),
            reason=reason,
            total_parts=state.parts,
            total_turns=state.turns,
            final_git_commit=state.last_commit,
            detail=detail,
        )


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, LoopwrightError) else f"{type(error).__name__}: {error}"


def _leaves(error: Exception) -> list[Exception]:
    """The single errors inside of nested groups."""
    if isinstance(error, ExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
