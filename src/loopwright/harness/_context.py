"""Where the current process stands: which phase, which folders, which limits. Set by the runner after each fork."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Literal

    Phase = Literal["load", "setup", "test", "teardown"]

__all__ = ["Context", "case_folder", "context", "describe", "workspace"]


class Context:
    """The state that the functions of environment.py refer to."""

    def __init__(self) -> None:
        self.phase: Phase = "load"
        self.workspace = "/workspace"
        self.folder = ""
        self.hidden: tuple[str, ...] = ()
        self.isolated = True
        self.memory_mb = 1024
        self.build_memory_mb = 4096
        self.processes = 128
        self.output_kb = 1024
        self.note: Callable[[dict[str, object]], None] = lambda values: None
        self.saw_timeout = False


context = Context()
"""The context of this process."""


def workspace() -> Path:
    """The submission: a fresh copy of the graded commit, writable only during setup."""
    from pathlib import Path

    return Path(context.workspace)


def case_folder() -> Path:
    """An empty writable folder of this test alone (of setup, of teardown); programs start in it.

    Raises:
        RuntimeError: Called while environment.py is being loaded.
    """
    import os
    from pathlib import Path

    if context.phase == "load":
        raise RuntimeError("case_folder() is only there while a test, setup or teardown runs")
    os.makedirs(context.folder, exist_ok=True)  # noqa: PTH103 - the path is a plain string until here
    return Path(context.folder)


def describe(*, expected: object = None, input: object = None) -> None:
    """Tell what this test expects and feeds, so that it is shown even where the test hangs or crashes."""
    from loopwright.harness._outcomes import capped

    values = {"expected": expected, "input": input}
    context.note({name: capped(value) for name, value in values.items() if value is not None})
