"""Everything that is open while a trajectory is worked on, opened in order and closed on every path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
from msgspec import Struct

from loopwright.agents import AgentContext, make_agent
from loopwright.gateway import Gateway, serve_unix
from loopwright.harness import Grader
from loopwright.record import BlobStore, Event, Journal, RunDir, projections
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox
from loopwright.trajectory.asking import AskNext
from loopwright.trajectory.control import serve_control
from loopwright.trajectory.deltas import DeltaFeed
from loopwright.trajectory.draining import Drain
from loopwright.trajectory.grading import GradeDesk
from loopwright.trajectory.helm import Helm
from loopwright.trajectory.inheriting import Opening, with_inherited
from loopwright.trajectory.loop import TestLoop
from loopwright.trajectory.past import Past, read_past
from loopwright.trajectory.plan import Plan
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.seat import Seat
from loopwright.trajectory.serving import host_app
from loopwright.trajectory.stopping import StoppedEarly, StopSwitch
from loopwright.trajectory.turning import TurnFollower
from loopwright.trajectory.watchdog import Watchdog

__all__ = ["Work", "open_loop"]

_WORKSPACE = "/workspace"


class Work(Struct, frozen=True):
    """One process's work on one trajectory: what it is, where it is recorded, who may end and who may watch it."""

    plan: Plan
    rundir: RunDir
    journal: Journal
    recorder: Recorder
    stop: StopSwitch
    feed: DeltaFeed
    ask: AskNext | None = None

    @property
    def native(self) -> bool:
        """Whether the agent is ours: it does one thing after another, in this process."""
        return self.plan.agent.name == "native"


@asynccontextmanager
async def open_loop(work: Work, past: Past | None, opening: Opening | None = None) -> AsyncIterator[TestLoop]:
    """Open the house and get the agent ready; the loop can run while the context is open.

    Raises:
        MachineError: The agent's program or the sandbox does not start.
        StoppedEarly: The run was asked to end before the agent was ready.
    """
    ready = False
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        desk = GradeDesk(
            Grader(work.plan.task, backend=work.plan.probe.backend, cache=work.rundir.grades),
            work.recorder.checkpoints.repo,
            work.recorder,
        )
        context = _context(work, desk)
        drain = Drain(context.activity)
        gateway = _gateway(work, past, drain, context)
        stack.push_async_callback(gateway.close)
        await stack.enter_async_context(serve_unix(host_app(gateway, desk), work.rundir.gateway_socket))
        seat = Seat(work.plan.agent, lambda: make_agent(work.plan.agent_text), _rereader(work))
        helm = Helm(work.stop, work.feed, work.recorder, gateway, seat)
        tasks.start_soon(serve_control, work.rundir.control, helm)
        stack.push_async_callback(seat.close)
        with work.stop.cancels(tasks.cancel_scope):
            await seat.take(context, past)
        if not work.native:  # this process has little to do while another one works, and will need it at the end
            tasks.start_soon(anyio.to_thread.run_sync, projections.get_ready)
        ready = True
        yield _loop(work, seat, desk, gateway, drain, opening)

    if not ready:
        raise StoppedEarly


def _loop(work: Work, seat: Seat, desk: GradeDesk, gateway: Gateway, drain: Drain, opening: Opening | None) -> TestLoop:
    watchdog = Watchdog(gateway, lambda: desk.busy, work.plan.max_silence, patient=work.native)

    def heed(_: int, event: Event) -> None:
        watchdog.on_event(event)

    work.journal.subscribe(heed)
    follower = TurnFollower(seat, work.recorder, gateway, work.stop, watchdog, drain, work.plan.on_silence)
    opening = opening or Opening(work.plan.task.instruction)
    return TestLoop(follower, work.plan.task, work.recorder, desk, gateway, work.stop, opening, work.ask)


def _rereader(work: Work) -> Callable[[], Past]:
    def read_again() -> Past:
        state, past, _ = read_past(work.rundir)
        past.resolve(BlobStore(work.rundir.blobs_folder))
        return with_inherited(work.rundir, state.started, past) if state.started else past

    return read_again


def _gateway(work: Work, past: Past | None, drain: Drain, context: AgentContext) -> Gateway:
    state = work.recorder.state
    gateway = Gateway(
        work.plan.model,
        on_call=work.recorder.emit,
        limits=state.limits,
        blobs=work.journal.blobs,
        next_call=state.model_calls + 1,
        spent=(state.cost, state.usage.total),
        workspace=context.sandbox.inside_path(context.workspace) or _WORKSPACE,
        # Ours does one thing after another, in this process: there is nothing to wait for.
        before_call=None if work.native else drain.settled,
        on_notice=work.recorder.notice,
        others=work.plan.others,
    )
    if past is not None:
        gateway.restore(past.calls)
    return gateway


def _context(work: Work, desk: GradeDesk) -> AgentContext:
    rundir, backend = work.rundir, work.plan.probe.backend
    mounts = _mounts(rundir, backend)
    return AgentContext(
        instruction=work.plan.task.instruction,
        workspace=rundir.workspace,
        sandbox=open_sandbox(backend, SandboxSpec(mounts=mounts)),
        gateway_socket=rundir.gateway_socket,
        model=work.plan.model.name,
        run_tests=desk.run_tests,
        options={
            "conversation": _conversation(work),
            "model_id": work.plan.model.text,
            "rundir": rundir,
            "max_replies": work.plan.max_replies,
        },
        backend=backend,
        mounts=mounts,
        home=rundir.agent_home,
        cache=rundir.agents_cache,
        on_delta=work.feed.tell,
        notice=work.recorder.notice,
    )


def _conversation(work: Work) -> str:
    """The name of our agent's conversation: the run's id, or the name that a fork goes on with."""
    started = work.recorder.state.started
    named = started.options.get("conversation") if started else None
    return named if isinstance(named, str) else work.rundir.id


def _mounts(rundir: RunDir, backend: str) -> tuple[Mount, ...]:
    workspace = Mount(rundir.workspace, _WORKSPACE, writable=True)
    if backend == "host":
        return (workspace,)
    # What an agent puts into /tmp is still there at its next command, and after a crash.
    Path(rundir.scratch).mkdir(exist_ok=True)
    return (workspace, Mount(rundir.scratch, "/tmp", writable=True))
