"""Relay a loopback port to one unix socket, then become the command; a program of its own, standard library only.

`python -I -S relay.py (--port N | --listen-fd N) SOCKET [-- ARGV...]`. With a command, the port listens before the
command starts: a child of ours serves, while we become the command. Without one we serve until standard input ends.
One thread, one `poll` loop; bytes pass unchanged, each direction closes on its own, and a slow reader slows its writer.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys

_CHUNK = 1 << 16
_HIGH_WATER = 1 << 20
_BACKLOG = 128
_LONGEST_ADDRESS = 107


class Way:
    """One direction of a connection: bytes read from `source` and not yet written to `sink`."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.held = bytearray()
        self.ended = False
        self.done = False

    def read(self) -> None:
        """Take what there is and pass on what is wanted."""
        try:
            data = self.source.recv(_CHUNK)
        except BlockingIOError:
            return
        self.held += data
        self.ended = not data
        self.write()

    def write(self) -> None:
        """Pass on what was read, and the end of it."""
        try:
            while self.held:
                del self.held[: self.sink.send(self.held)]
        except BlockingIOError:
            return
        if self.ended and not self.done:
            self.done = True
            self.sink.shutdown(socket.SHUT_WR)


class Relay:
    """Accepts on `listener` and pipes each connection to the unix socket at `target`."""

    def __init__(self, listener: socket.socket, target: str, stop_fd: int | None) -> None:
        self._listener = listener
        self._target = target
        self._stop_fd = stop_fd
        self._ways: dict[int, tuple[Way, Way]] = {}  # by descriptor: (what we read here, what we write here)
        self._poll = select.poll()
        self._interest: dict[int, int] = {}
        listener.setblocking(False)
        self._poll.register(listener, select.POLLIN)
        if stop_fd is not None:
            self._poll.register(stop_fd, select.POLLIN)

    def serve(self) -> None:
        """Serve until the stop descriptor becomes readable or ends; for ever without one."""
        while True:
            for descriptor, event in self._poll.poll():
                if descriptor == self._stop_fd:
                    return
                if descriptor == self._listener.fileno():
                    self._accept()
                elif descriptor in self._ways:
                    self._serve_one(descriptor, event)

    def _accept(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return  # it went away again, or we are out of descriptors: the next poll tries again
        far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _connect(far, self._target)
        except OSError:
            near.close()
            far.close()
            return
        for each in (near, far):
            each.setblocking(False)
        there, back = Way(near, far), Way(far, near)
        self._ways[near.fileno()] = (there, back)
        self._ways[far.fileno()] = (back, there)
        self._watch(there)

    def _serve_one(self, descriptor: int, event: int) -> None:
        reading, writing = self._ways[descriptor]
        try:
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR) and not reading.ended:
                reading.read()
            if event & select.POLLOUT:
                writing.write()
        except OSError:
            self._drop(reading)
            return
        if reading.done and writing.done:
            self._drop(reading)
        else:
            self._watch(reading)

    def _watch(self, way: Way) -> None:
        for end in (way.source, way.sink):
            reading, writing = self._ways[end.fileno()]
            wanted = 0
            if not reading.ended and len(reading.held) < _HIGH_WATER:
                wanted |= select.POLLIN
            if writing.held:
                wanted |= select.POLLOUT
            known = self._interest.get(end.fileno())
            if wanted == known:
                continue
            # Not registered at all where nothing is wanted, as a hang-up would be reported without end.
            if wanted:
                self._poll.register(end, wanted)
            elif known:
                self._poll.unregister(end)
            self._interest[end.fileno()] = wanted

    def _drop(self, way: Way) -> None:
        for end in (way.source, way.sink):
            if self._interest.pop(end.fileno(), 0):
                self._poll.unregister(end)
            del self._ways[end.fileno()]
            end.close()


def _connect(end: socket.socket, target: str) -> None:
    """Connect to a unix socket, however long its path is."""
    if len(os.fsencode(target)) <= _LONGEST_ADDRESS:
        end.connect(target)
        return
    folder = os.open(os.path.dirname(target), os.O_PATH | os.O_DIRECTORY)  # noqa: PTH120 - pathlib is slow to import
    try:
        end.connect(f"/proc/self/fd/{folder}/{os.path.basename(target)}")  # noqa: PTH119
    finally:
        os.close(folder)


def _listen(option: str, value: str) -> socket.socket:
    if option == "--listen-fd":
        return socket.socket(fileno=int(value))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(value)))
    listener.listen(_BACKLOG)
    return listener


def _detach(listener: socket.socket) -> None:
    """In the serving child: a session of its own, and none of the command's files."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    kept = listener.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, 1024)


def main(argv: list[str]) -> int:
    """Do what the command line says; 125 where the port cannot be had, 126 or 127 where the command cannot start."""
    option, value, target = argv[:3]
    try:
        listener = _listen(option, value)
    except OSError as error:
        os.write(2, f"relay: 127.0.0.1:{value}: {error.strerror}\n".encode())
        return 125
    command = argv[4:]
    if not command:
        Relay(listener, target, stop_fd=0).serve()
        return 0
    if os.fork() == 0:
        try:
            _detach(listener)
            Relay(listener, target, stop_fd=None).serve()
        finally:
            os._exit(1)
    listener.close()
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        return 127 if error.errno == errno.ENOENT else 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
