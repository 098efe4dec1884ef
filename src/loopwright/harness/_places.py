"""Where things are for the runner: at fixed places inside a sandbox, at their own where there is none."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from loopwright.sandbox import Mount, SandboxSpec

__all__ = ["Places", "grading_spec", "inside", "outside"]

_LIBRARY = "/loopwright"
_PACKAGE = Path(__file__).parents[1]


class Places(Struct, frozen=True):
    """Absolute paths as the runner sees them; `hidden` are those that the submission's programs must not see."""

    runner: str
    environment: str
    workspace: str
    cases: str
    hidden: tuple[str, ...]
    isolated: bool


def inside() -> Places:
    """The places in the sandbox that `grading_spec` describes."""
    runner = f"{_LIBRARY}/loopwright/harness/_runner.py"
    # Case folders are in memory and of bounded size; a cell has a /tmp of its own, with only its own folder in it.
    return Places(runner, "/tests/environment.py", "/workspace", "/tmp/cases", ("/tests", _LIBRARY), isolated=True)


def outside(task: Path, scratch: Path) -> Places:
    """The places on the host, for the backend that isolates nothing."""
    runner = str(_PACKAGE / "harness" / "_runner.py")
    environment = str(task / "environment.py")
    return Places(runner, environment, str(scratch / "workspace"), str(scratch / "cases"), (), isolated=False)


def grading_spec(task: Path, scratch: Path) -> SandboxSpec:
    """What the grading sandbox shows: the task, the copy to grade, and our code; no network."""
    library = f"{_LIBRARY}/loopwright"
    return SandboxSpec(
        mounts=(
            Mount(task, "/tests"),
            Mount(scratch / "workspace", "/workspace", writable=True),
            # No `__init__.py` in `loopwright` and `base`: a namespace package imports in no time.
            Mount(_PACKAGE / "base" / "lazy.py", f"{library}/base/lazy.py"),
            Mount(_PACKAGE / "harness", f"{library}/harness"),
            Mount(_PACKAGE / "sandbox", f"{library}/sandbox"),
        ),
        workdir="/",
        nested=True,
    )
