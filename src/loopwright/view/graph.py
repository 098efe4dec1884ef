"""The content of `graph_trace_<id>.json`: a trajectory as numbers that can be drawn.

Everything is derived from the trace. Passed tests are counted from grades, tokens and cost from the gateway's
calls; a value that nobody measured is None and never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from loopwright.record import Payload, Trace, TraceGrade, TracePart
from loopwright.view._history import TestHistory
from loopwright.view._spending import spending

__all__ = ["GRAPH_SCHEMA_VERSION", "graph_data"]

GRAPH_SCHEMA_VERSION = 1
_LONGEST = 4000


def graph_data(trace: Trace, results: Callable[[Payload], list[dict[str, Any]]]) -> dict[str, Any]:
    """Turn a trace into plain JSON values for a graph.

    Args:
        trace: The whole trajectory.
        results: Resolves `TraceGrade.results` to the list of case results, each a dict with the fields of
            `harness.results.CaseResult` (at least `id`, `suite`, `status`).

    Returns:
        A dict with `schema_version`, `trajectory` (facts), `suites` (name to expected number), `parts` (one row a
        part: tests passed per suite, cumulative tokens by kind and cost in US dollars), `checkpoints`, `turns`,
        `grades`, `tests` (`grades`: ids; `rows`: test id, suite, category, and its status in each of these grades,
        None where it did not run), `solved` (None, or the first solving commit and part), `regressions`, `failing`
        (tests that do not pass in their newest result) and `notices`.
    """
    history = TestHistory(trace, results)
    return {
        "schema_version": GRAPH_SCHEMA_VERSION,
        "trajectory": _facts(trace),
        "suites": dict(trace.suites) or history.seen_suites(),
        "parts": _part_rows(trace, history),
        "checkpoints": [_checkpoint(part, history) for part in trace.parts if _committed(part)],
        "turns": [
            {"turn": t.turn, "part_start": t.part_start, "part_end": t.part_end, "outcome": t.outcome}
            for t in trace.turns
        ],
        "grades": [_grade(grade) for grade in trace.grades],
        "tests": {"grades": [grade.grade_id for grade in trace.grades], "rows": history.rows()},
        "solved": _solved(trace),
        "regressions": history.regressions(),
        "failing": [_clipped(case) for case in history.failing()],
        "notices": [{"level": n.level, "code": n.code, "message": n.message} for n in trace.notices],
    }


def _facts(trace: Trace) -> dict[str, Any]:
    end = trace.session_end
    return {
        "trajectory_id": trace.trajectory_id,
        "session_id": trace.session_id,
        "agent": trace.agent,
        "agent_version": trace.agent_version,
        "agent_model": trace.agent_model,
        "model": trace.model,
        "scripted": trace.scripted,
        "task": trace.task,
        "sandbox": trace.sandbox,
        "isolation": trace.isolation,
        "started_at": trace.started_at,
        "ended_at": end.timestamp if end else None,
        "reason": end.reason if end else None,
        "total_parts": len(trace.parts),
        "total_turns": len(trace.turns),
        "final_git_commit": end.final_git_commit if end else None,
        "parent": trace.parent,
        "parent_part": trace.parent_part,
        "limits": msgspec.to_builtins(trace.limits),
        "resumed_after": list(trace.resumed_after),
        "tokens": trace.totals.usage.total,
        "cost": trace.totals.cost,
        "active_seconds": trace.totals.active_seconds,
        "model_calls": trace.totals.model_calls,
        "billed_by": "model_calls" if trace.model_calls else "parts",
    }


def _part_rows(trace: Trace, history: TestHistory) -> list[dict[str, Any]]:
    return [
        {
            "part": part.part,
            "turn": part.turn,
            "timestamp": part.timestamp,
            "part_type": part.part_type,
            "git_commit": part.git_commit,
            "passed": history.passed_at(part.part),
            **spent,
        }
        for part, spent in zip(trace.parts, spending(trace), strict=True)
    ]


def _committed(part: TracePart) -> bool:
    return part.repo_checkpoint is not None and part.repo_checkpoint.committed


def _checkpoint(part: TracePart, history: TestHistory) -> dict[str, Any]:
    checkpoint = part.repo_checkpoint
    assert checkpoint is not None
    grade = history.grade_of(checkpoint.commit_after)
    return {
        "part": part.part,
        "turn": part.turn,
        "commit": checkpoint.commit_after,
        "changed_files": list(checkpoint.changed_files),
        "summary": part.summary,
        "grade_id": grade.grade_id if grade else None,
        "passed": grade.passed if grade else None,
        "total": grade.total if grade else None,
        "path": grade.path if grade else None,
    }


def _grade(grade: TraceGrade) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(grade)
    del row["results"]
    return row


def _solved(trace: Trace) -> dict[str, Any] | None:
    solving = [grade for grade in trace.grades if _solves(grade, trace.suites)]
    end = trace.session_end
    commit = (end.solved_commit if end else None) or (solving[0].commit if solving else None)
    if commit is None:
        return None
    # Several suites may have been graded one by one: then the last of these grades is the solving one.
    graded = next((grade.part for grade in solving if grade.commit == commit), None)
    graded = graded or max((grade.part for grade in trace.grades if grade.commit == commit), default=None)
    part = next((part.part for part in trace.parts if part.git_commit == commit), graded)
    return {"part": part, "commit": commit, "graded_at_part": graded or part}


def _solves(grade: TraceGrade, expected: dict[str, int]) -> bool:
    """Whether one grade shows every expected suite complete and passed."""
    if not expected or grade.status_code != 200:
        return False
    counts = [(grade.suites.get(suite), number) for suite, number in expected.items()]
    return all(count is not None and not count.error and count.passed == number for count, number in counts)


def _clipped(case: dict[str, Any]) -> dict[str, Any]:
    """A failing case with its texts cut: the whole text stays in the record."""
    return {k: v[:_LONGEST] if isinstance(v, str) else v for k, v in case.items()}
