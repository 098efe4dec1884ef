"""The corpus: no silent corruption in any dialect, and no fewer edits applied than recorded here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.runtime.edits.corpus.cases import DIALECTS, Case
from tests.runtime.edits.corpus.measure import corpus, ours

pytestmark = pytest.mark.slow

_CASES = corpus()
_PAGE = Path(__file__).parents[3] / "docs" / "edits.md"
_RECORDED = {"aider_diff": 0.945, "unified_diff": 0.95, "opencode_patch": 0.95, "native": 0.945}
"""Of the edits that should work, how many gave the files that were meant when this was written."""


def test_there_are_enough_different_cases() -> None:
    assert len(_CASES) >= 1500
    assert len({case.name for case in _CASES}) == len(_CASES)
    assert len({case.category for case in _CASES}) >= 20
    for dialect in DIALECTS[:3]:
        assert sum(dialect in case.texts for case in _CASES) >= 1200, dialect


def test_the_corpus_is_the_same_every_time() -> None:
    assert corpus() == _CASES


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_is_corrupted_and_nothing_got_worse(dialect: str, tmp_path: Path) -> None:
    verdicts = [(case, ours(case, dialect, tmp_path / "work")) for case in _CASES]
    told = [(case, verdict) for case, verdict in verdicts if verdict]
    wrong = [f"{case.name}: {verdict}" for case, verdict in told if verdict in ("corrupt", "half-done")]
    assert wrong == []
    must_not = [case.name for case, verdict in told if case.after is None and verdict != "refused"]
    assert must_not == []
    assert _share(told) >= _RECORDED[dialect]
    # A line of context that the file never had could mean another place: the one refusal that we chose.
    refused = {case.category for case, verdict in told if case.after is not None and verdict == "refused"}
    assert refused == {"near miss, context"}
    assert _row(dialect, told) in _PAGE.read_text(encoding="utf-8"), "run benchmarks/edits.py --write"


def _row(dialect: str, told: Sequence[tuple[Case, str]]) -> str:
    """How the row of the table in the documentation begins."""
    should = [verdict for case, verdict in told if case.after is not None]
    applied = should.count("applied")
    share = f"{100 * applied / len(should):.1f} % ({applied} of {len(should)})"
    return f"| {dialect} | Loopwright | {len(told)} | {share} | 100.0 % "


def _share(told: Sequence[tuple[Case, str]]) -> float:
    count = Counter(verdict for case, verdict in told if case.after is not None)
    return count["applied"] / count.total()
