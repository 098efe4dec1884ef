"""Runs a command where there is no network but loopback, and writes down every name that anything looks up.

    unshare --map-root-user --net --mount python quiet_net.py LOG SECONDS (all|first) COMMAND...

The command has so many seconds, or, with `first`, until it has asked for a name. Loopback is brought up, and a name
server on it knows no name and logs each question; whatever asks for a name asks it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_PORT = 53


def main() -> int:
    log, seconds, names, command = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:]
    log.touch()
    _loopback_up()
    for address in ("127.0.0.1", "127.0.0.53"):
        _serve(log, address)
    _use_it()
    return _run(command, seconds, _ASKED if names == "first" else threading.Event())


_ASKED = threading.Event()


def _run(command: list[str], seconds: float, enough: threading.Event) -> int:
    """Run it, and end it with all that stayed in its group."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + seconds
    try:
        while process.poll() is None and time.monotonic() < deadline and not enough.wait(0.05):
            pass
        return process.wait(0)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _use_it() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: files dns\n")):
            file, target = Path(temporary) / name, Path("/etc") / name
            file.write_text(text)
            if target.exists():
                subprocess.run(["mount", "--bind", file, target.resolve()], check=True)


def _serve(log: Path, address: str) -> None:
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, _PORT))
    streams = socket.create_server((address, _PORT))
    threading.Thread(target=_answer_datagrams, args=(log, datagrams), daemon=True).start()
    threading.Thread(target=_answer_streams, args=(log, streams), daemon=True).start()


def _answer_datagrams(log: Path, server: socket.socket) -> None:
    while True:
        question, asker = server.recvfrom(4096)
        server.sendto(_answer(log, question), asker)


def _answer_streams(log: Path, server: socket.socket) -> None:
    while True:
        stream, _ = server.accept()
        with stream:
            question = stream.recv(4096)[2:]
            answer = _answer(log, question)
            stream.sendall(struct.pack("!H", len(answer)) + answer)


def _answer(log: Path, question: bytes) -> bytes:
    """That there is no such name (RFC 1035, response code 3)."""
    with log.open("a") as file:
        file.write(_name(question) + "\n")
    _ASKED.set()
    return question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:]


def _name(question: bytes) -> str:
    labels, at = [], 12
    while at < len(question) and question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


if __name__ == "__main__":
    sys.exit(main())
