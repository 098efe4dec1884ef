"""What an agent reads of a grade: short by default, one test in full when it asks for it."""

from __future__ import annotations

from typing import Any

import msgspec

from loopwright.base import clip, printable
from loopwright.harness.results import CaseResult, Grade

__all__ = ["short_answer", "to_json"]

_SHORT = 4000
_VALUE = 300
_BUILD = 2400
_FULL = 12000
_FULL_CASES = 3


def short_answer(grade: Grade, limit: int = 5) -> str:
    """The grade as plain text for an agent.

    At most 4,000 characters: counts of each suite, then the first `limit` failures with message, expected and actual,
    and how to see one in full. Where the path named at most three tests, each is shown in full (input, expected,
    actual), up to 12,000 characters. A failed build comes first, its last output kept.
    """
    if grade.status_code == 400:
        return clip(printable(grade.error), _SHORT)
    if grade.build:
        return _build_failure(grade)
    if grade.cases and len(grade.cases) <= _FULL_CASES and not grade.error:
        return _in_full(grade)
    return _overview(grade, limit)


def _build_failure(grade: Grade) -> str:
    output = printable(grade.build).strip()
    if len(output) > _BUILD:
        output = "…" + output[-_BUILD:]
    return "\n".join(
        [
            f"The build failed, so none of the {grade.total} tests ran. Its output ends with:",
            "",
            output,
            "",
            *_counts(grade),
        ]
    )


def _overview(grade: Grade, limit: int) -> str:
    lines = [f"{grade.passed} of {grade.total} tests passed."]
    if grade.error:
        lines.append(f"The harness reported: {clip(printable(grade.error), 600)}")
    lines += _counts(grade)
    failed = [case for case in grade.cases if case.status not in ("passed", "skipped")]
    if not failed:
        return "\n".join(lines)
    # The advice is worth more than one more failure: it is measured first.
    room = _SHORT - _size(lines) - _size(_advice(failed, 0)) - 250  # names of others may be longer
    shown = _fitting([_block(case) for case in failed[:limit]], room)
    return "\n".join([*lines, *shown, *_advice(failed, len(shown))])


def _counts(grade: Grade) -> list[str]:
    lines = []
    for name, suite in grade.suites.items():
        skipped = suite.total - suite.passed - suite.failed
        note = f", {skipped} skipped" if skipped else ""
        note += f" ({suite.total} of its {suite.expected} tests selected)" if suite.total != suite.expected else ""
        lines.append(f"  {clip(name, 60)}: {suite.passed} passed, {suite.failed} failed{note}")
    if len(lines) > 20:
        lines = [*lines[:20], f"  ... and {len(lines) - 20} more suites"]
    return lines


def _size(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _fitting(blocks: list[str], room: int) -> list[str]:
    """As many of `blocks` as there is room for; the first in any case, cut if it must be."""
    shown = [clip(block, max(room - 1, 0)) for block in blocks[:1]]
    for block in blocks[1:]:
        if _size(shown) + len(block) + 1 > room:
            break
        shown.append(block)
    return shown


def _block(case: CaseResult) -> str:
    return "\n".join(["", f"{case.status.upper()} {case.id}", *_brief(case)])


def _advice(failed: list[CaseResult], shown: int) -> list[str]:
    lines = [""]
    hidden = failed[shown:]
    if hidden:
        names = ", ".join(clip(case.id, 80) for case in hidden[:3])
        lines.append(f"{len(hidden)} more did not pass: {names}{', ...' if len(hidden) > 3 else ''}")
    first = failed[0].id
    lines.append(f'See one in full: run_tests("{first}"). Run a part: run_tests("{first.rpartition("/")[0]}").')
    return lines


def _brief(case: CaseResult) -> list[str]:
    expected, actual = _around_difference(case.expected, case.actual)
    lines = [f"  {_flat(case.message, 400)}"] if case.message else []
    lines += [f"  expected: {_flat(expected, _VALUE)}"] if case.expected else []
    lines += [f"  actual:   {_flat(actual, _VALUE)}"] if case.actual or case.expected else []
    return lines


def _around_difference(expected: str, actual: str) -> tuple[str, str]:
    """Both values from a little before they part, where they would be cut before that."""
    if not expected or not actual or max(len(expected), len(actual)) <= _VALUE:
        return expected, actual
    same = next((place for place, pair in enumerate(zip(expected, actual, strict=False)) if len({*pair}) > 1), 0)
    start = max(same - 60, 0)
    return (f"…{expected[start:]}", f"…{actual[start:]}") if start else (expected, actual)


def _flat(text: str, width: int) -> str:
    # Newlines are shown, not followed: one value is one line, and spaces that matter stay visible.
    return clip(printable(text).replace("\n", "\\n"), width) or "(nothing)"


def _in_full(grade: Grade) -> str:
    room = _FULL // len(grade.cases)
    return "\n\n".join(clip(_full(case), room) for case in grade.cases)


def _full(case: CaseResult) -> str:
    lines = [f"{case.status.upper()} {case.id}"]
    if case.message:
        lines.append(printable(case.message))
    for name in ("input", "expected", "actual"):
        text = printable(getattr(case, name))
        if text:
            lines += [f"--- {name} ---", text.rstrip("\n")]
    return "\n".join(lines)


def to_json(grade: Grade) -> dict[str, Any]:
    """The whole grade as JSON values.

    Keys: `commit, tree, path, status_code, error, build, cached, duration_ms, passed, failed, total`, `suites` (by
    name: `passed, failed, total, expected, error`) and `cases` (`id, suite, status, duration_ms, message, expected,
    actual, input`; every key always present).
    """
    return {
        "commit": grade.commit,
        "tree": grade.tree,
        "path": grade.path,
        "status_code": grade.status_code,
        "error": grade.error,
        "build": grade.build,
        "cached": grade.cached,
        "duration_ms": grade.duration_ms,
        "passed": grade.passed,
        "failed": grade.failed,
        "total": grade.total,
        "suites": {name: msgspec.structs.asdict(suite) for name, suite in grade.suites.items()},
        "cases": [msgspec.structs.asdict(case) for case in grade.cases],
    }
