"""A new trajectory from a part of another one: files, conversation, and a record that stands alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from loopwright.base import UsageError
from loopwright.checkpoint import clone_at
from loopwright.record import JournalDamage, Limits, RunDir, Trace, fold, read_events, verify
from loopwright.trajectory import RunOptions, fork, plan_fork, resume, started_event
from loopwright.trajectory.inheriting import inherit

pytestmark = pytest.mark.slow
Run = Callable[..., tuple[RunDir, Trace]]
_GOOD = 'echo "hello $1"\n'


def _forked(parent: RunDir, part: int | None, **changes: Any) -> tuple[RunDir, Trace]:
    begun = started_event(parent)
    options = RunOptions(
        task=Path(begun.task_path),
        agent=begun.agent,
        model=begun.model,
        home=parent.home,
        limits=Limits(max_parts=100),
        trajectory_id="child",
    )
    options = msgspec.structs.replace(options, **changes)
    plan, inheritance = plan_fork(parent, part, options)
    rundir, _ = anyio.run(lambda: fork(options, plan, inheritance))
    return rundir, _trace(rundir)


def _trace(rundir: RunDir) -> Trace:
    return fold(event for _, event in read_events(rundir.journal))


def _summaries(trace: Trace, after: int = 0) -> list[str]:
    return [part.summary for part in trace.parts[after:]]


@pytest.mark.parametrize("part", [3, 6, 8])
def test_our_agent_goes_on_in_the_middle_of_a_turn(run: Run, part: int) -> None:
    parent, whole = run()
    before = parent.journal.read_bytes()
    child, trace = _forked(parent, part)
    assert _summaries(trace) == _summaries(whole, after=part)
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"
    assert (trace.parent, trace.parent_part) == (parent.id, part)
    assert trace.turns[0].prompt == whole.turns[0].prompt
    assert parent.journal.read_bytes() == before
    assert verify(child).problems == ()


def test_a_fork_that_died_goes_on_as_if_it_had_not(run: Run) -> None:
    parent, whole = run()
    child, _ = _forked(parent, 6)
    lines = child.journal.read_bytes().splitlines(keepends=True)
    for keep in (1, 2, next(n for n, line in enumerate(lines, 1) if b'"part":2,"turn"' in line)):
        child.journal.write_bytes(b"".join(lines[:keep]))
        for derived in (child.agent_trace, child.summary, child.bundle):
            derived.unlink(missing_ok=True)
        shutil.rmtree(child.path / "journal.damaged-1.jsonl", ignore_errors=True)
        _rewind_refs(child, keep)
        anyio.run(lambda: resume(child))
        assert _summaries(_trace(child)) == _summaries(whole, after=6), keep


def _rewind_refs(child: RunDir, keep: int) -> None:
    """Of a run that died there, there are no later checkpoints."""
    parts = _trace(child).parts
    for ref in (child.repo / "refs/parts").iterdir():
        if int(ref.name) > len(parts):
            ref.unlink()
    packed = child.repo / "packed-refs"
    if packed.exists():
        kept = [line for line in packed.read_text().splitlines() if _number(line) <= len(parts)]
        packed.write_text("\n".join(kept) + "\n")


def _number(line: str) -> int:
    name = line.rpartition("refs/parts/")[2]
    return int(name) if name.isdigit() else 0


def test_a_fork_of_a_fork_knows_all_of_it(run: Run) -> None:
    parent, whole = run()
    child, _ = _forked(parent, 3)
    _, trace = _forked(child, 4, trajectory_id="grandchild")
    assert _summaries(trace) == _summaries(whole, after=7)


def test_the_bundle_of_a_fork_stands_alone(run: Run, tmp_path: Path) -> None:
    parent, _ = run()
    child, trace = _forked(parent, 8)
    shutil.rmtree(parent.path)
    clone_at(child.bundle, trace.parts[-1].git_commit, tmp_path / "clone")
    assert (tmp_path / "clone" / "greet.sh").read_text() == "echo hello $1\n"


def test_a_fork_whose_parent_is_gone_says_so(run: Run) -> None:
    parent, _ = run()
    child, _ = _forked(parent, 6, limits=Limits(max_parts=2))
    shutil.rmtree(parent.path)
    with pytest.raises(UsageError, match="forked from, is gone"):
        anyio.run(lambda: resume(child, Limits(max_parts=10)))


def test_another_agent_gets_a_transcript_in_its_first_prompt(run: Run, probe: Callable[..., str]) -> None:
    parent, _ = run()
    plan = probe([["say", "#heard"], ["write", "greet.sh", _GOOD]])
    child, trace = _forked(parent, 6, agent=plan)
    prompt = str(trace.turns[0].prompt.value or trace.turns[0].prompt.preview)
    assert "Write greet.sh" in prompt
    assert "I look at what is there" in prompt
    assert trace.parts[0].summary.startswith("heard: This work was begun")
    assert trace.session_end is not None
    assert trace.session_end.reason == "solved"
    assert verify(child).ok


def test_the_same_foreign_agent_has_its_own_memory(run: Run, probe: Callable[..., str]) -> None:
    plan = probe([["write", "a.txt", "1"]], [["write", "greet.sh", _GOOD], ["say", "done"]])
    # Its turn ends by itself: one that is cut off may or may not know yet that its turn was over.
    parent, _ = run(agent=plan, limits=Limits(max_turns=1))
    child, trace = _forked(parent, 1)
    memory = (child.agent_home / "memory.jsonl").read_text()
    assert "Write greet.sh" in memory.splitlines()[0]
    assert started_event(child).options["fork"]["how"] == "memory"
    assert [change.path for part in trace.parts for change in part.files] == ["greet.sh"]


def test_limits_are_those_of_the_parent_at_that_part_and_count_from_the_fork(run: Run, tmp_path: Path) -> None:
    parent, _ = run(limits=Limits(max_parts=6, max_tokens=90_000))
    child, _ = _forked(parent, 6, limits=Limits(max_cost=2.0))
    assert started_event(child).limits == Limits(max_parts=6, max_tokens=90_000, max_cost=2.0)
    anyio.run(lambda: resume(child, Limits(max_parts=70)))
    assert inherit(child, 0, "native").limits.max_parts == 6, "at its start"
    assert inherit(child, None, "native").limits.max_parts == 70, "as they were changed"
    assert inherit(child, None, "native", "Another task.").limits == Limits()


def test_part_zero_is_the_start(run: Run) -> None:
    parent, whole = run()
    _, trace = _forked(parent, 0)
    assert _summaries(trace) == _summaries(whole)


def test_a_fork_of_what_is_solved_is_solved(run: Run) -> None:
    parent, _ = run()
    _, trace = _forked(parent, None)
    assert trace.session_end is not None
    assert (trace.session_end.reason, len(trace.parts)) == ("solved", 0)


def test_what_was_typed_wrong_is_said_before_what_is_damaged(run: Run) -> None:
    parent, _ = run()
    lines = parent.journal.read_bytes().splitlines(keepends=True)
    parent.journal.write_bytes(b"".join([*lines[:3], lines[3].replace(b'"crc":"', b'"crc":"0', 1), *lines[4:]]))
    with pytest.raises(UsageError):
        _forked(parent, 2, model="scripted:nowhere.yaml")
    with pytest.raises(JournalDamage, match="line 4"):
        _forked(parent, 2)


def test_a_part_that_is_not_there_is_named(run: Run) -> None:
    parent, whole = run()
    with pytest.raises(UsageError, match="no part 999") as error:
        _forked(parent, 999)
    assert str(len(whole.parts)) in str(error.value.remedy)
