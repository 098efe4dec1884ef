from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from loopwright.trajectory.control import ControlRequest, ask, serve_control
from loopwright.trajectory.stopping import StopSwitch

pytestmark = pytest.mark.anyio


async def _listening(path: Path) -> None:
    with anyio.fail_after(5):
        while not path.exists():  # noqa: ASYNC110 - a socket file sets no event
            await anyio.sleep(0.01)


async def _asked(path: Path, request: ControlRequest, switch: StopSwitch) -> object:
    async with anyio.create_task_group() as group:
        group.start_soon(serve_control, path, switch)
        await _listening(path)
        reply = await anyio.to_thread.run_sync(ask, path, request)
        group.cancel_scope.cancel()
    return reply


async def test_stop_presses_the_switch_once(tmp_path: Path) -> None:
    switch = StopSwitch()
    reply = await _asked(tmp_path / "control.sock", ControlRequest(do="stop", source="me"), switch)
    assert (getattr(reply, "ok", None), switch.source) == (True, "me")
    assert not (tmp_path / "control.sock").exists()


async def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    deep.mkdir(parents=True)
    reply = await _asked(deep / "control.sock", ControlRequest(do="ping"), StopSwitch())
    assert getattr(reply, "detail", None) == "running"


async def test_what_is_not_a_request_is_refused(tmp_path: Path) -> None:
    path, switch = tmp_path / "control.sock", StopSwitch()
    async with anyio.create_task_group() as group:
        group.start_soon(serve_control, path, switch)
        await _listening(path)
        async with await anyio.connect_unix(str(path)) as stream:
            await stream.send(b'{"do": "explode"}\n')
            assert b'"ok":false' in await stream.receive()
        group.cancel_scope.cancel()
    assert not switch.pressed()


def test_asking_where_nobody_listens_says_so(tmp_path: Path) -> None:
    assert ask(tmp_path / "control.sock", ControlRequest(do="ping")) is None


async def test_the_switch_cancels_what_runs_and_what_comes_later() -> None:
    switch = StopSwitch()
    with switch.scope() as scope:
        assert switch.press("x")
        assert not switch.press("y")
        await anyio.sleep(5)
    assert scope.cancelled_caught
    with switch.scope() as later:
        await anyio.sleep(5)
    assert later.cancelled_caught


async def test_a_scope_ends_after_its_seconds() -> None:
    switch = StopSwitch()
    with switch.scope(0.01) as scope:
        await anyio.sleep(5)
    assert scope.cancelled_caught
    assert not switch.pressed()
