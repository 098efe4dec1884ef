"""Whether the derived files that are there say what the journal says.

A derived file may be older than the journal (a process died before it wrote them again): that is a warning. A file
that was written for this very session end and says something else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from loopwright.base import MachineError
from loopwright.record._git import bundle_refs
from loopwright.record._problem import Problem
from loopwright.record.folding import Fold
from loopwright.record.rundir import RunDir
from loopwright.record.trace import SessionEnd

__all__ = ["check_derived"]


class _Part(Struct):
    part: int


class _Derived(Struct):
    trajectory_id: str
    parts: list[_Part]
    session_end: SessionEnd | None


def check_derived(rundir: RunDir, state: Fold) -> list[Problem]:
    """Check `agent_trace.json` and `repo.bundle` where they exist.

    Raises:
        MachineError: `git` is missing.
    """
    fresh, problems = _check_trace(rundir, state)
    return [*problems, *_check_bundle(rundir, state, fresh)]


def _check_trace(rundir: RunDir, state: Fold) -> tuple[bool, list[Problem]]:
    path, remedy = rundir.agent_trace, f"Write it again with `loopwright recover {rundir.id}`."
    if not path.exists():
        return False, []
    try:
        trace = msgspec.json.decode(path.read_bytes(), type=_Derived)
    except (OSError, msgspec.MsgspecError) as error:
        return False, [Problem(str(path), f"The file cannot be read: {error}.", remedy)]
    fresh = trace.session_end is not None and trace.session_end == state.ended
    wrong = _trace_wrong(trace, state, fresh, rundir.id)
    if wrong:
        return fresh, [Problem(str(path), wrong, remedy)]
    if len(trace.parts) < state.parts or trace.session_end != state.ended:
        return fresh, [Problem(str(path), "The file is older than the journal.", remedy, "warning")]
    return fresh, []


def _trace_wrong(trace: _Derived, state: Fold, fresh: bool, trajectory_id: str) -> str:
    if trace.trajectory_id != trajectory_id:
        return f"The file is of the run {trace.trajectory_id!r}."
    if [part.part for part in trace.parts] != list(range(1, len(trace.parts) + 1)):
        return "The parts in the file are not consecutive."
    count = len(trace.parts)
    if count > state.parts or (fresh and count != state.parts):
        return f"The file has {count} parts; the journal has {state.parts}."
    return ""


def _check_bundle(rundir: RunDir, state: Fold, fresh: bool) -> Iterator[Problem]:
    path = rundir.bundle
    if not path.exists():
        return
    try:
        refs = bundle_refs(path)
    except MachineError as error:
        if error.where is None:
            raise
        yield Problem(str(path), error.what, "Delete it; it is made again from the repository.")
        return
    commits = dict(enumerate(state.part_commits, start=1))
    wrong = [part for part, commit in refs.items() if part in commits and commit != commits[part]]
    # Parts are bundled in order: one that is missing below the highest one was left out, not forgotten yet.
    known = state.parts if fresh else max(refs, default=0)
    missing = [part for part in state.checkpoint_parts if part not in refs and part <= known]
    for part in wrong:
        yield Problem(str(path), f"The bundle has another commit for part {part} than the journal.", "")
    for part in missing:
        yield Problem(str(path), f"The bundle lacks the ref of part {part}.", "Delete it; it is made again.")
