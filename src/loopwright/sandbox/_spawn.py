"""Starting programs with exactly the files they need; standard library only.

`posix_spawn` is used because it runs no Python code between fork and exec, which would not be safe beside threads.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Files", "HeadTail", "anonymous_file", "encoded", "find_tool", "read_ready", "signal_pidfd", "start"]

_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/run/current-system/sw/bin")
_LOWEST_SOURCE = 20
_READ_SIZE = 1 << 16
# All but U+DC80 to U+DCFF, in which Python keeps the bytes of names that are not UTF-8.
_NO_CHARACTER = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def encoded(word: str) -> bytes:
    """The bytes of an argument or variable, whatever a model wrote: half a surrogate pair becomes U+FFFD."""
    return _NO_CHARACTER.sub("\ufffd", word).encode("utf-8", "surrogateescape")


def find_tool(name: str) -> str | None:
    """The absolute path of a system tool, from system folders only: never from a PATH that others may shape."""
    for folder in _SYSTEM_FOLDERS:
        path = f"{folder}/{name}"
        if os.access(path, os.X_OK):
            return path
    return None


def anonymous_file(data: bytes) -> int:
    """A descriptor to read `data` from, that nobody can write to: a sealed memory file, or /dev/null if empty."""
    if not data:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    handle = os.memfd_create("loopwright", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, seals)
    return handle


def start(argv: Sequence[str], env: Mapping[str, str], files: Mapping[int, int], name: str = "") -> int:
    """Start `argv[0]` (an absolute path) in a session of its own and return its process id.

    Args:
        files: Which of our descriptors the program gets under which number; it inherits nothing else.
        name: Its `argv[0]`, if that should not be its path.

    Raises:
        OSError: It cannot be started.
        ValueError: A word holds a NUL.
    """
    with contextlib.ExitStack() as moved:
        actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_CLOSE, each) for each in _inheritable(files)]
        for place, source in files.items():
            # Out of the way first: a target number must not be one of the sources still to be copied.
            copy = fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, _LOWEST_SOURCE)
            moved.callback(os.close, copy)
            actions.append((os.POSIX_SPAWN_DUP2, copy, place))
        # What this process ignores or blocks (Python ignores SIGPIPE) is not the program's business.
        default = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGCHLD}
        default |= {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}  # as a shell ignores what it starts with `&`
        return os.posix_spawn(
            argv[0],
            [encoded(word) for word in (name or argv[0], *argv[1:])],
            {encoded(key): encoded(value) for key, value in env.items()},
            file_actions=actions,
            setsid=True,
            setsigmask=(),
            setsigdef=default,
        )


def _inheritable(replaced: Mapping[int, int]) -> Iterator[int]:
    """Descriptors that a program would get only because somebody above us left them open."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - pathlib costs 9 ms to import
        with contextlib.suppress(OSError):
            if int(name) not in replaced and os.get_inheritable(int(name)):
                yield int(name)


def signal_pidfd(pidfd: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal through a pidfd; nothing happens where the process is gone."""
    if pidfd is not None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, number)


def read_ready(descriptor: int, most: int = 1 << 20) -> Iterator[bytes]:
    """Yield what a non-blocking descriptor offers now, up to about `most` bytes; ends with b"" at end of file."""
    taken = 0
    while taken < most:
        try:
            data = os.read(descriptor, _READ_SIZE)
        except BlockingIOError:
            return
        yield data
        if not data:
            return
        taken += len(data)


class HeadTail:
    """The first and the last bytes of a stream of any length, in bounded memory.

    Args:
        limit: How many bytes to keep; half of them from the start.
    """

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()
        self._head_size = limit - limit // 2
        self._tail_size = limit // 2

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(data)
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._tail_size + _READ_SIZE:
            self._trim()

    def _trim(self) -> None:
        del self._tail[: max(len(self._tail) - self._tail_size, 0)]

    def value(self) -> bytes:
        """What was kept: all of a short stream, else head and tail joined."""
        self._trim()
        return bytes(self._head + self._tail)


class Files:
    """Descriptors that are closed together, each once."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def own(self, descriptor: int) -> int:
        """Close this one too."""
        self._open.add(descriptor)
        return descriptor

    def pipe(self) -> tuple[int, int]:
        """A pipe as (read end that never blocks, write end)."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        return self.own(read), self.own(write)

    def gate(self) -> tuple[int, int]:
        """A pipe as (read end that blocks, write end)."""
        read, write = os.pipe()
        return self.own(read), self.own(write)

    def close(self, *descriptors: int) -> None:
        """Close these, or all that are still open."""
        for descriptor in descriptors or tuple(self._open):
            if descriptor in self._open:
                self._open.discard(descriptor)
                os.close(descriptor)
