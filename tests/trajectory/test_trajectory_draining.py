"""The record catches up with the agent before its model answers, and never waits long for that."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.trajectory.virtual_time import BACKEND, clock_of

from loopwright.agents import Activity
from loopwright.trajectory.draining import Drain

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Milliseconds are told apart here, on machines that are busy with something else."""
    clock_of(monkeypatch, "loopwright.trajectory.draining")
    return BACKEND


def _busy(*calls: str) -> Activity:
    activity = Activity()
    for call in calls:
        activity.tool_started(call, "shell")
    return activity


async def _seconds(drain: Drain, *answered: str) -> float:
    began = anyio.current_time()
    await drain.settled(frozenset(answered))
    return anyio.current_time() - began


async def test_outside_of_a_turn_there_is_nothing_to_wait_for() -> None:
    assert await _seconds(Drain(_busy("a")), "a") == 0


async def test_while_an_item_is_worked_on_it_waits_but_not_for_ever() -> None:
    drain = Drain(Activity())
    with drain.turn():
        assert await _seconds(drain) == pytest.approx(0.1)


@pytest.mark.parametrize(("answered", "late"), [("a", 0.3), ("", 0.01)])
async def test_the_end_of_a_tool_that_is_on_its_way_is_waited_for(answered: str, late: float) -> None:
    activity = _busy("a")
    drain = Drain(activity)
    recorded = []

    async def stream() -> None:
        with drain.waiting():
            await anyio.sleep(late)
            activity.tool_ended("a")
        await anyio.sleep(0.01)
        recorded.append("result")
        with drain.waiting():
            await anyio.sleep(1)

    with drain.turn():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream)
            await anyio.lowlevel.checkpoint()
            await drain.settled({answered} - {""})
            assert recorded == ["result"]
            tasks.cancel_scope.cancel()


async def test_a_tool_that_runs_on_costs_little() -> None:
    drain = Drain(_busy("a"))
    with drain.turn(), drain.waiting():
        assert await _seconds(drain, "another") == pytest.approx(0.03, abs=0.001)


async def test_a_call_that_the_stream_told_nothing_of_is_waited_for_where_it_tells_of_calls() -> None:
    activity = _busy("a")
    activity.tool_ended("a")
    drain = Drain(activity)
    with drain.turn(), drain.waiting():
        assert await _seconds(drain, "b") == pytest.approx(0.001, abs=0.001), "its ids may be others"
        assert await _seconds(drain, "a") == pytest.approx(0.001, abs=0.001)
        assert await _seconds(drain, "b") == pytest.approx(0.251, abs=0.002)
