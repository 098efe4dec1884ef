"""The end of a command: what was printed is written, and the process exits at once."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import NoReturn

__all__ = ["DISK_FULL", "flush", "leave"]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def flush() -> None:
    """Write what is still buffered for standard output.

    Raises:
        OSError: It cannot be written.
    """
    with contextlib.suppress(BrokenPipeError):  # whoever read it has had enough
        if sys.stdout is not None:  # it is where a shell closed it (>&-)
            sys.stdout.flush()


def leave(code: int) -> NoReturn:
    """Exit without the 40 ms in which Python takes its modules apart: what has to be put away has been."""
    if sys.getprofile() or sys.gettrace():  # whoever measures us writes what was measured at a regular exit
        sys.exit(code)
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(code)
