"""The command line of the guard (`guard.py`), which stands in where there is no isolation."""

from __future__ import annotations

import json
import os
import sys

from loopwright.sandbox._cell_types import CellLimits
from loopwright.sandbox._rlimits import rlimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["guard_argv"]

_GUARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guard.py")  # noqa: PTH100, PTH118, PTH120


def guard_argv(argv: Sequence[str], *, workdir: str, limits: CellLimits, groups: Sequence[str] = ()) -> list[str]:
    """Build the command that runs `argv` under the guard, with descriptors as `_ending.py` lists them.

    Args:
        groups: `cgroup.procs` files of groups that the program enters. The number of processes is not limited without.
    """
    kept = rlimits(
        cpu_seconds=limits.cpu_seconds, memory_bytes=limits.memory_bytes, file_bytes=limits.file_bytes, processes=None
    )
    settings = {"workdir": workdir, "limits": list(kept.items()), "groups": list(groups)}
    return [sys.executable, "-I", "-S", _GUARD, json.dumps(settings), *argv]
