"""Reading what a program left in a file, without being led elsewhere by it."""

from __future__ import annotations

import os
import stat

from loopwright.harness._context import context
from loopwright.harness._outcomes import Failure

__all__ = ["read_output"]

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_output(path: str | os.PathLike[str], limit: int = 1 << 20) -> bytes:
    """Read a file that a program of the submission made; use this instead of `open`.

    A program can put a link to the expected results where its output should be, or a pipe on which a reader hangs:
    the tests can see what programs cannot.

    Args:
        path: A file in the case folder or the workspace; a relative path is relative to the case folder.
        limit: Most bytes that it may have.

    Raises:
        Failure: It is not there, not a regular file, behind a symbolic link, or too long.
        ValueError: The path is neither in the case folder nor in the workspace.
    """
    full = os.path.normpath(os.path.join(context.folder, path))  # noqa: PTH118
    for base in (context.folder, context.workspace):
        if full.startswith(base + "/"):
            return _read(base, full[len(base) + 1 :], limit)
    raise ValueError(f"{full} is neither in the case folder nor in the workspace")


def _read(base: str, below: str, limit: int) -> bytes:
    *folders, name = below.split("/")
    handle = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for each in folders:
            handle = _step(handle, each, _FLAGS | os.O_DIRECTORY)
        handle = _step(handle, name, _FLAGS)
        return _content(handle, below, limit)
    except OSError as error:
        raise Failure(f"{below} cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)


def _step(folder: int, name: str, flags: int) -> int:
    inner = os.open(name, flags, dir_fd=folder)
    os.close(folder)
    return inner


def _content(handle: int, name: str, limit: int) -> bytes:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise Failure(f"{name} is not a regular file")
    with os.fdopen(os.dup(handle), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Failure(f"{name} has more than {limit} bytes")
    return data
