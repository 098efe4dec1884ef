from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from loopwright.base import MachineError
from loopwright.gateway import serve_unix

pytestmark = pytest.mark.anyio


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def get(path: Path) -> str:
    async with httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(path)), timeout=90) as client:
        return (await client.get("http://gateway/")).text


async def test_it_serves_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with serve_unix(hello, path):
        assert await get(path) == "hello"
        assert oct(path.stat().st_mode & 0o777) == "0o600"
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert list(tmp_path.iterdir()) == []


async def test_a_path_of_any_length(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    path = folder / "gateway.sock"
    async with serve_unix(hello, path):
        handle = os.open(folder, os.O_PATH)
        assert await get(Path(f"/proc/self/fd/{handle}/gateway.sock")) == "hello"
        os.close(handle)
    assert not path.exists()


async def test_a_connection_that_rests_is_not_closed_under_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = b"GET / HTTP/1.1\r\nhost: gateway\r\n\r\n"
    async with serve_unix(hello, tmp_path / "s"), await anyio.connect_unix(str(tmp_path / "s")) as stream:
        await stream.send(asked)
        while not (await stream.receive()).endswith(b"0\r\n\r\n"):
            pass
        loop = asyncio.get_running_loop()
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + 86_400)  # a tool may take a day: no timer may matter
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        await stream.send(asked)
        assert (await stream.receive()).startswith(b"HTTP/1.1 200 OK")
        monkeypatch.undo()


@pytest.mark.slow
async def test_a_slow_call_does_not_hold_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[str] = []
    arrived = anyio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        arrived.set()
        await anyio.sleep(60)

    async def ask() -> None:
        answers.append(await get(tmp_path / "s"))

    async with anyio.create_task_group() as group:
        async with serve_unix(slow, tmp_path / "s"):
            group.start_soon(ask)
            await arrived.wait()
            began = time.monotonic()
        assert time.monotonic() - began < 30, "half of what it would take"
    assert answers == ["Internal Server Error"]
    assert caplog.records == []


async def test_what_is_wrong_with_the_machine_is_not_told_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/full":
            raise ExceptionGroup("", [MachineError("the disk is full")])
        raise ValueError("a fault of ours")

    transport = httpx2.AsyncHTTPTransport(uds=str(tmp_path / "s"))
    async with serve_unix(broken, tmp_path / "s"), httpx2.AsyncClient(transport=transport, timeout=100) as client:
        assert (await client.get("http://gateway/full")).status_code == 500
        assert caplog.records == []
        assert (await client.get("http://gateway/fault")).status_code == 500
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]


async def test_an_error_inside_still_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup, match="unhandled"):
        async with serve_unix(hello, tmp_path / "s"):
            raise RuntimeError("inside")
    assert not (tmp_path / "s").exists()


async def test_the_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    async with serve_unix(hello, tmp_path / "s"):
        assert await get(tmp_path / "s") == "hello"


async def test_a_living_one_is_not(tmp_path: Path) -> None:
    async with serve_unix(hello, tmp_path / "s"):
        with pytest.raises(MachineError, match="another process"):
            async with serve_unix(hello, tmp_path / "s"):
                pass
        assert await get(tmp_path / "s") == "hello"


async def test_a_file_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(MachineError, match="in the way"):
        async with serve_unix(hello, tmp_path / "s"):
            pass
    assert (tmp_path / "s").read_text() == "precious"


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cannot be made"):
        async with serve_unix(hello, tmp_path / "gone" / "s"):
            pass
