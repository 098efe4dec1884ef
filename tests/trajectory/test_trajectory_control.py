from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from loopwright.agents import Delta
from loopwright.record import Limits
from loopwright.trajectory.control import ControlReply, ControlRequest, ask, serve_control, watch
from loopwright.trajectory.deltas import DeltaFeed
from loopwright.trajectory.stopping import StopSwitch

pytestmark = pytest.mark.anyio


class _Helm:
    """Obeys by noting what was asked, and stops."""

    def __init__(self) -> None:
        self.feed = DeltaFeed()
        self.switch = StopSwitch()
        self.asked: list[ControlRequest] = []

    async def obey(self, request: ControlRequest) -> ControlReply:
        self.asked.append(request)
        if request.do == "stop":
            self.switch.press(request.source)
        return ControlReply(True, "running")


async def _listening(path: Path) -> None:
    """Its file is there only when somebody listens."""
    with anyio.fail_after(60):
        while not path.exists():
            await anyio.lowlevel.checkpoint()


async def _true(look: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not look():  # noqa: ASYNC110 - what is looked at sets no event
            await anyio.sleep(0.01)


async def _asked(path: Path, request: ControlRequest, helm: _Helm) -> object:
    async with anyio.create_task_group() as group:
        group.start_soon(serve_control, path, helm)
        await _listening(path)
        reply = await anyio.to_thread.run_sync(ask, path, request, 60)
        group.cancel_scope.cancel()
    return reply


async def test_stop_presses_the_switch_once(tmp_path: Path) -> None:
    helm = _Helm()
    reply = await _asked(tmp_path / "control.sock", ControlRequest(do="stop", source="me"), helm)
    assert (getattr(reply, "ok", None), helm.switch.source) == (True, "me")
    assert not (tmp_path / "control.sock").exists()


async def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    deep.mkdir(parents=True)
    reply = await _asked(deep / "control.sock", ControlRequest(do="ping"), _Helm())
    assert getattr(reply, "detail", None) == "running"


async def test_what_is_not_a_request_is_refused(tmp_path: Path) -> None:
    path, helm = tmp_path / "control.sock", _Helm()
    async with anyio.create_task_group() as group:
        group.start_soon(serve_control, path, helm)
        await _listening(path)
        async with await anyio.connect_unix(str(path)) as stream:
            await stream.send(b'{"do": "explode"}\n')
            assert b'"ok":false' in await stream.receive()
        group.cancel_scope.cancel()
    assert not helm.asked


def test_asking_where_nobody_listens_says_so(tmp_path: Path) -> None:
    assert ask(tmp_path / "control.sock", ControlRequest(do="ping")) is None


async def test_the_switch_cancels_what_runs_and_what_comes_later() -> None:
    switch = StopSwitch()
    with switch.scope() as scope:
        assert switch.press("x")
        assert not switch.press("y")
        await anyio.sleep(60)
    assert scope.cancelled_caught
    with switch.scope() as later:
        await anyio.sleep(60)
    assert later.cancelled_caught


async def test_a_scope_ends_after_its_seconds() -> None:
    switch = StopSwitch()
    with switch.scope(0.01) as scope:
        await anyio.sleep(60)
    assert scope.cancelled_caught
    assert not switch.pressed()


async def test_a_watcher_gets_deltas_and_a_slow_one_loses_some(tmp_path: Path) -> None:
    path, helm = tmp_path / "control.sock", _Helm()
    seen: list[Delta] = []

    async def look() -> None:
        async for delta in watch(path):
            seen.append(delta)

    async with anyio.create_task_group() as group:
        group.start_soon(serve_control, path, helm)
        await _listening(path)
        group.start_soon(look)
        with anyio.fail_after(60):
            while not seen:
                helm.feed.tell(Delta("text", "hello"))
                await anyio.sleep(0.01)
        for number in range(5):
            helm.feed.tell(Delta("text", str(number)))
        await _true(lambda: seen[-1].text == "4")
        assert [delta.text for delta in seen if delta.text != "hello"] == list("01234")
        async with await anyio.connect_unix(str(path)) as stuck:
            await stuck.send(b'{"do": "watch"}\n')
            await stuck.receive()
            before = len(seen)
            for _ in range(5000):
                helm.feed.tell(Delta("output", "x" * 10_000))
            await _true(lambda: len(seen) >= before + 100)
            await anyio.sleep(0.1)
            assert len(seen) < before + 1000
        await anyio.sleep(0.05)
        group.cancel_scope.cancel()


async def test_deltas_are_dropped_and_never_waited_for() -> None:
    feed = DeltaFeed()
    with feed.queue(3) as (queue, _):
        for number in range(10):
            feed.tell(Delta("text", str(number)))
        assert [queue.receive_nowait().text for _ in range(3)] == ["0", "1", "2"]
    feed.tell(Delta("text", "after"))


async def test_limits_travel(tmp_path: Path) -> None:
    helm = _Helm()
    request = ControlRequest(do="limit", source="me", limits=Limits(max_parts=7))
    await _asked(tmp_path / "control.sock", request, helm)
    assert helm.asked == [request]
