"""The record catches up with the agent before its model answers, and never waits long for that."""

from __future__ import annotations

import time

import anyio
import anyio.lowlevel
import pytest

from loopwright.trajectory.draining import Drain

pytestmark = pytest.mark.anyio


async def _seconds(drain: Drain) -> float:
    began = time.monotonic()
    await drain.settled()
    return time.monotonic() - began


async def test_outside_of_a_turn_there_is_nothing_to_wait_for() -> None:
    assert await _seconds(Drain(lambda: True)) < 0.02


async def test_while_an_item_is_worked_on_it_waits_but_not_for_ever() -> None:
    drain = Drain()
    with drain.turn():
        assert 0.09 < await _seconds(drain) < 1


async def test_the_end_of_a_tool_that_is_on_its_way_is_waited_for() -> None:
    tools = {"a"}
    drain = Drain(lambda: bool(tools))
    recorded = []

    async def stream() -> None:
        with drain.waiting():
            await anyio.sleep(0.01)
            tools.clear()
        recorded.append("result")
        with drain.waiting():
            await anyio.sleep(1)

    with drain.turn():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream)
            await anyio.lowlevel.checkpoint()
            await drain.settled()
            assert recorded == ["result"]
            tasks.cancel_scope.cancel()


async def test_a_tool_that_runs_on_costs_little() -> None:
    drain = Drain(lambda: True)
    with drain.turn(), drain.waiting():
        assert 0.02 < await _seconds(drain) < 0.5
