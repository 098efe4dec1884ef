"""The relay: a loopback port of the sandbox and one unix socket of the host, nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import psutil
import pytest

from loopwright.base import MachineError
from loopwright.sandbox import Command, Mount, Relay, Sandbox, SandboxSpec, open_sandbox

Handler = Callable[[socket.socket], None]
RELAY = Path(__file__).parents[2] / "src" / "loopwright" / "sandbox" / "relay.py"


def serve(path: Path, handler: Handler) -> socket.socket:
    """A unix socket whose every connection `handler` gets, in a thread."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)

    def accept() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handler, args=(one,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def shout(one: socket.socket) -> None:
    """Answer with what came, in capitals, once the other side has said all."""
    with one, contextlib.suppress(BrokenPipeError):
        one.sendall(read_all(one).upper())


def blast(one: socket.socket) -> None:
    """Send 20 MiB to whoever connects."""
    with one:
        one.sendall(b"x" * (20 << 20))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "model.sock"
    with serve(path, shout):
        yield path


@pytest.fixture
def relayed(backend: str, workspace: Path, place: Path) -> Sandbox:
    mount = Mount(workspace, "/workspace", writable=True)
    return open_sandbox(backend, SandboxSpec(mounts=(mount,), relay=Relay(place)))


TALK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as one:
    one.sendall(sys.stdin.buffer.read())
    one.shutdown(socket.SHUT_WR)
    while data := one.recv(65536):
        sys.stdout.buffer.write(data)
"""


def talk(sandbox: Sandbox, data: bytes) -> Command:
    port = str(sandbox.relay_port)
    return Command(("python3", "-c", TALK, port), stdin=data)


def test_the_port_listens_when_the_command_starts(relayed: Sandbox) -> None:
    outcome = anyio.run(relayed.run, talk(relayed, b"hello"))
    assert (outcome.stdout, outcome.stderr, outcome.exit_code) == (b"HELLO", b"", 0)


def test_several_commands_at_once(relayed: Sandbox) -> None:
    async def main() -> list[bytes]:
        answers: list[bytes] = []

        async def one(word: bytes) -> None:
            answers.append((await relayed.run(talk(relayed, word))).stdout)

        async with anyio.create_task_group() as tasks:
            for word in (b"one", b"two", b"three"):
                tasks.start_soon(one, word)
        return answers

    assert sorted(anyio.run(main)) == [b"ONE", b"THREE", b"TWO"]


def test_spawned_programs_have_it_too(relayed: Sandbox) -> None:
    async def main() -> bytes:
        async with relayed.spawn(talk(relayed, b"")) as process:
            await process.stdin.send(b"spawned")
            await process.stdin.aclose()
            return await process.stdout.receive()

    assert anyio.run(main) == b"SPAWNED"


def test_a_missing_socket_is_told(relayed: Sandbox, place: Path) -> None:
    place.unlink()
    with pytest.raises(MachineError, match="relay's socket"):
        anyio.run(relayed.run, talk(relayed, b""))


def test_without_relay_there_is_no_port(workspace: Path) -> None:
    sandbox = open_sandbox("bwrap", SandboxSpec(mounts=(Mount(workspace, "/workspace"),)))
    assert sandbox.relay_port is None
    outcome = anyio.run(sandbox.run, Command(("python3", "-c", TALK, "8910")))
    assert b"ConnectionRefusedError" in outcome.stderr


@pytest.mark.parametrize("backend", ["bwrap"])
def test_only_that_port_leads_out(relayed: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        outcome = anyio.run(relayed.run, Command(("python3", "-c", TALK, port)))
    assert b"ConnectionRefusedError" in outcome.stderr


def test_a_taken_port_is_replaced_on_the_host(workspace: Path, place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        mount = Mount(workspace, "/workspace", writable=True)
        sandbox = open_sandbox("host", SandboxSpec(mounts=(mount,), relay=Relay(place, number)))
        assert sandbox.relay_port != number
        assert anyio.run(sandbox.run, talk(sandbox, b"x")).stdout == b"X"


@pytest.fixture
def port(place: Path) -> Iterator[int]:
    """The relay program alone, on a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    number = str(listener.fileno())
    argv = [sys.executable, "-I", "-S", str(RELAY), "--listen-fd", number, str(place)]
    with listener, subprocess.Popen(argv, stdin=subprocess.PIPE, pass_fds=[listener.fileno()]) as relay:
        yield listener.getsockname()[1]
        assert relay.poll() is None, "the relay died"
        assert relay.stdin is not None
        relay.stdin.close()
        assert relay.wait(60) == 0


def connect(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.settimeout(100)
    return one


def read_all(one: socket.socket) -> bytes:
    data = bytearray()
    while chunk := one.recv(65536):
        data += chunk
    return bytes(data)


def test_much_data_both_ways(port: int) -> None:
    data = bytes(range(97, 123)) * 400_000
    with connect(port) as one:

        def send() -> None:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)

        threading.Thread(target=send, daemon=True).start()
        assert read_all(one) == data.upper()


def test_many_connections_and_rude_ones(port: int) -> None:
    ones = [connect(port) for _ in range(40)]
    for index, one in enumerate(ones):
        one.sendall(b"word%d" % index)
    for one in ones[::2]:  # gone without a word, some with a reset
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.close()
    for index, one in enumerate(ones):
        if index % 2:
            one.shutdown(socket.SHUT_WR)
            assert read_all(one) == b"WORD%d" % index
            one.close()
    with connect(port) as last:
        last.shutdown(socket.SHUT_WR)
        assert read_all(last) == b""


def test_a_slow_reader_slows_the_writer(tmp_path: Path) -> None:
    place = tmp_path / "blast.sock"
    listener = socket.create_server(("127.0.0.1", 0))
    argv = [sys.executable, "-I", "-S", str(RELAY), "--listen-fd", str(listener.fileno()), str(place)]
    with (
        listener,
        serve(place, blast),
        subprocess.Popen(argv, stdin=subprocess.PIPE, pass_fds=[listener.fileno()]) as relay,
    ):
        with connect(listener.getsockname()[1]) as one:
            time.sleep(0.5)
            status = Path(f"/proc/{relay.pid}/status").read_text()
            resident = int(status.partition("VmRSS:")[2].split()[0])
            assert resident < 40 * 1024
            assert len(read_all(one)) == 20 << 20
        relay.kill()


def test_a_socket_that_is_gone_closes_the_connection(port: int, place: Path) -> None:
    place.unlink()
    with connect(port) as one:
        assert one.recv(10) == b""


def test_a_socket_with_a_long_path_is_reached(backend: str, workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with serve(tmp_path / "short.sock", shout):
        (tmp_path / "short.sock").rename(folder / "model.sock")
        mount = Mount(workspace, "/workspace", writable=True)
        sandbox = open_sandbox(backend, SandboxSpec(mounts=(mount,), relay=Relay(folder / "model.sock")))
        assert anyio.run(sandbox.run, talk(sandbox, b"far away")).stdout == b"FAR AWAY"


def test_a_ctrl_c_does_not_reach_the_helper_of_the_host(place: Path, tmp_path: Path) -> None:
    """It goes to the whole group of a terminal, and programs need their relay until we have ended them."""
    sandbox = open_sandbox("host", SandboxSpec(mounts=(Mount(tmp_path, "/workspace"),), relay=Relay(place, 8910)))

    async def look() -> list[bool]:
        async with sandbox.spawn(Command(("/bin/sleep", "100"))):
            helpers = [child.pid for child in psutil.Process().children() if str(RELAY) in child.cmdline()]
            return [os.getpgid(pid) == pid for pid in helpers]

    assert anyio.run(look) == [True]
