"""People at the helm of a run: steering, limits, watching."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from loopwright.agents import Delta
from loopwright.record import Limits, RunDir, Trace, fold, read_events, verify
from loopwright.trajectory import ControlReply, ControlRequest, RunOptions, ask, make_plan, resume, start, watch

pytestmark = pytest.mark.slow
_GOOD = ["write", "greet.sh", 'echo "hello $1"\n']
Meddle = Callable[[RunDir], Any]


@pytest.fixture
def meddled(tmp_path: Path, tiny_task: Path, tiny_script: Path) -> Callable[..., tuple[RunDir, Trace]]:
    """A run with somebody who does something to it as soon as it has a part; its agent may await `meddled`."""

    def go(agent: str, meddle: Meddle, limits: Limits | None = None, on_delta: Any = None) -> tuple[RunDir, Trace]:
        home = tmp_path / "home"
        options = RunOptions(tiny_task, agent, f"scripted:{tiny_script}", home, trajectory_id="run")
        options = msgspec.structs.replace(options, limits=limits or Limits(max_parts=50))
        rundir = RunDir(home, "run")

        async def main() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_when_begun, rundir, meddle)
                await start(options, make_plan(options), on_delta=on_delta)
                tasks.cancel_scope.cancel()

        anyio.run(main)
        return rundir, fold(event for _, event in read_events(rundir.journal))

    return go


async def _when_begun(rundir: RunDir, meddle: Meddle) -> None:
    while not (rundir.journal.exists() and b"part_added" in rundir.journal.read_bytes()):  # noqa: ASYNC110 - a file
        await anyio.sleep(0.02)
    await anyio.to_thread.run_sync(meddle, rundir)
    _make(rundir.scratch / "meddled")


def _make(file: Path) -> None:
    """What the agent's program awaits in its /tmp; the run may have ended meanwhile, and that be gone."""
    with suppress(FileNotFoundError):
        file.touch()


def _steer(text: str, replies: list[ControlReply | None]) -> Meddle:
    return lambda rundir: replies.append(ask(rundir.control, ControlRequest(do="steer", source="t", text=text), 60))


def test_what_is_said_reaches_an_agent_that_can_hear_at_once(meddled: Any, probe: Callable[..., str]) -> None:
    replies: list[ControlReply | None] = []
    plan = probe([["say", "a"], ["await", "meddled"]], [_GOOD])
    rundir, trace = meddled(plan, _steer("mind the gap", replies))
    assert [reply and reply.detail for reply in replies] == ["now"]
    assert [(said.delivered, said.text.value, said.part) for said in trace.steering] == [("now", "mind the gap", 1)]
    assert any("I was told: mind the gap" in part.summary for part in trace.parts)
    assert verify(rundir).ok


def test_what_is_not_heard_is_said_with_the_next_prompt(meddled: Any, probe: Callable[..., str]) -> None:
    replies: list[ControlReply | None] = []
    plan = probe([["shell", "true"], ["await", "meddled"]], [_GOOD, ["say", "#heard"]])
    _, trace = meddled(plan, _steer("you are deaf", replies))
    assert [reply and reply.detail.partition(":")[0] for reply in replies] == ["next_turn"]
    prompts = [str(turn.prompt.value) for turn in trace.turns]
    assert ["you are deaf" in prompt for prompt in prompts] == [False, True]


def test_what_was_said_before_a_crash_is_said_after_it(meddled: Any, probe: Callable[..., str]) -> None:
    plan = probe([["shell", "true"], ["await", "meddled"]], [_GOOD])
    rundir, _ = meddled(plan, _steer("you are deaf", []))
    lines = rundir.journal.read_bytes().splitlines(keepends=True)
    said = next(n for n, line in enumerate(lines, 1) if b'"steered"' in line)
    rundir.journal.write_bytes(b"".join(lines[:said]))
    for derived in (rundir.agent_trace, rundir.summary, rundir.bundle):
        derived.unlink()
    for ref in (rundir.repo / "refs/parts").glob("[1-9]*"):
        ref.unlink()
    (rundir.agent_home / "done.json").write_text("[0, 2]")
    anyio.run(lambda: resume(rundir))
    trace = fold(event for _, event in read_events(rundir.journal))
    assert "you are deaf" in str(trace.turns[1].prompt.value)


def test_a_lower_part_limit_ends_a_turn_that_goes_on(meddled: Any, probe: Callable[..., str]) -> None:
    limits = Limits(max_parts=1)
    request = ControlRequest(do="limit", source="me", limits=limits)
    plan = probe([["say", "a"], ["sleep", 100]])
    began = time.monotonic()
    _, trace = meddled(plan, lambda rundir: ask(rundir.control, request, 60))
    assert time.monotonic() - began < 80, "it did not wait for the turn"
    assert (trace.session_end.reason, trace.turns[0].outcome) == ("part_limit", "limit")
    assert [(change.source, change.limits.max_parts) for change in trace.limit_changes] == [("me", 1)]


def test_a_time_limit_holds_from_the_moment_it_is_set(meddled: Any, probe: Callable[..., str]) -> None:
    request = ControlRequest(do="limit", limits=Limits(max_seconds=1.5))
    _, trace = meddled(probe([["say", "a"], ["sleep", 100]]), lambda rundir: ask(rundir.control, request, 60))
    assert trace.session_end.reason == "time_limit"
    assert trace.limits == Limits(max_parts=50, max_seconds=1.5)


def test_a_token_limit_is_kept_by_the_gateway_at_once(meddled: Any, probe: Callable[..., str]) -> None:
    request = ControlRequest(do="limit", limits=Limits(max_tokens=1))
    plan = probe([["model"], ["await", "meddled"], ["shell", "true"], ["model"], ["model"]])
    replies: list[ControlReply | None] = []
    _, trace = meddled(plan, lambda rundir: replies.append(ask(rundir.control, request, 60)))
    assert trace.session_end.reason == "token_limit"
    assert [reply and reply.detail for reply in replies] == ["token_limit reached"]


@pytest.mark.parametrize(
    "request_",
    [ControlRequest(do="limit"), ControlRequest(do="limit", limits=Limits()), ControlRequest(do="steer", text=" ")],
)
def test_what_makes_no_sense_is_refused(meddled: Any, probe: Callable[..., str], request_: ControlRequest) -> None:
    replies: list[ControlReply | None] = []
    plan = probe([["say", "a"], ["await", "meddled"], _GOOD])
    _, trace = meddled(plan, lambda rundir: replies.append(ask(rundir.control, request_, 60)))
    assert [reply and reply.ok for reply in replies] == [False]
    assert (trace.steering, trace.limit_changes) == ((), ())


def test_whoever_watches_sees_what_is_on_its_way(meddled: Any, probe: Callable[..., str]) -> None:
    seen: list[Delta] = []

    def look(rundir: RunDir) -> None:
        async def main() -> None:
            async for delta in watch(rundir.control):
                seen.append(delta)
                _make(rundir.scratch / "seen")

        anyio.run(main)

    here: list[Delta] = []
    plan = probe([["say", "a"], ["hint", "b", "seen"], ["await", "seen"], ["say", "cd"], _GOOD])
    meddled(plan, look, on_delta=here.append)
    told = [delta.text for delta in here]
    assert (told[0], set(told[1:-1]), told[-1]) == ("a", {"b"}, "cd")
    assert 1 < len(seen) < len(here)
    assert seen == here[-len(seen) :], "all that came after the watcher"
