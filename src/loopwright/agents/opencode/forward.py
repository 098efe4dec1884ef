"""Forward a unix socket to a loopback port; a program of its own that runs inside the sandbox, standard library only.

`python -I -S forward.py FOLDER NAME -- ARGV...` listens on the unix socket `NAME` in `FOLDER`, then starts ARGV, in
which the word PORT stands for a free port, and ends with it, with its exit code. Each connection is passed on to
127.0.0.1:PORT; bytes pass unchanged.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading

_CHUNK = 1 << 16
_LAST_SECONDS = 1.0


def listen(folder: str, name: str) -> socket.socket:
    """A listening unix socket that only this user can reach, whatever lay in its place before."""
    os.chdir(folder)  # an address holds 108 bytes, the folder's path may be longer
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name)  # noqa: PTH108 - pathlib costs more than all the rest of this program
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(name)
    os.chmod(name, 0o600)  # noqa: PTH101
    listener.listen(64)
    return listener


def serve(listener: socket.socket, port: int, answers: list[threading.Thread]) -> None:
    """Accept for ever; two threads a connection, of which those that bring answers are put into `answers`."""
    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", port))
        except OSError:
            near.close()  # not listening yet, or not any more: the client sees a closed connection
            continue
        there, back = (threading.Thread(target=pump, args=pair, daemon=True) for pair in ((near, far), (far, near)))
        back.start()
        there.start()
        answers[:] = [thread for thread in answers if thread.is_alive()] + [back]


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on everything, and the end of it."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def free_port() -> int:
    """A port of this network that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(argv: list[str]) -> int:
    """Do what the command line says."""
    folder, name = argv[:2]
    back = os.getcwd()  # noqa: PTH109
    listener = listen(folder, name)
    os.chdir(back)
    port = free_port()
    answers: list[threading.Thread] = []
    threading.Thread(target=serve, args=(listener, port, answers), daemon=True).start()
    code = subprocess.call([str(port) if word == "PORT" else word for word in argv[3:]])
    for thread in list(answers):  # what it said at its end is still on its way
        thread.join(_LAST_SECONDS)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
