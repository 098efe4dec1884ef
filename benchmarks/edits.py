"""Measure edit engines on the corpus of wrong-ish edits: ours, aider's and Codex's, on the same cases in one run.

    python benchmarks/edits.py [--write] [--no-peers] [--categories] [--dialect NAME]

For each dialect and engine it prints how many of the edits that should work gave exactly the files that were meant,
how many of the edits that must not work were refused, and how often an engine said "done" with other files than
meant (silent corruption). `--write` puts the table into docs/edits.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from tests.runtime.edits.corpus.cases import DIALECTS, Case  # noqa: E402
from tests.runtime.edits.corpus.measure import Verdict, corpus, judge, laid_out, ours  # noqa: E402

from benchmarks.edits_peers import Aider, Codex, peers  # noqa: E402

_PAGE = _ROOT / "docs" / "edits.md"
_BEGIN, _END = "<!-- table: begin -->", "<!-- table: end -->"
_HEAD = ("dialect", "engine", "cases", "applied", "refused rightly", "silent corruption", "left half-done")


class Row(NamedTuple):
    """The verdicts of one engine on one dialect, by case."""

    dialect: str
    engine: str
    verdicts: list[tuple[Case, Verdict]]

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        should = [verdict for case, verdict in self.verdicts if case.after is not None]
        must_not = [verdict for case, verdict in self.verdicts if case.after is None]
        count = Counter(verdict for _, verdict in self.verdicts)
        applied, refused = should.count("applied"), must_not.count("refused")
        return (
            self.dialect,
            self.engine,
            str(len(self.verdicts)),
            f"{_share(applied, should)} ({applied} of {len(should)})",
            f"{_share(refused, must_not)} ({refused} of {len(must_not)})",
            str(count["corrupt"]),
            str(count["half-done"]),
        )


def _share(part: int, whole: Sequence[Verdict]) -> str:
    return f"{100 * part / len(whole):.1f} %" if whole else "-"


def measure(cases: Sequence[Case], dialects: Sequence[str], others: Iterable[Aider | Codex], folder: Path) -> list[Row]:
    """Run every engine on every case that its dialect can express."""
    rows = []
    for dialect in dialects:
        told = [(case, ours(case, dialect, folder)) for case in cases]
        rows.append(Row(dialect, "Loopwright", [(case, verdict) for case, verdict in told if verdict]))
        for other in others:
            if dialect in other.dialects:
                rows.append(Row(dialect, other.name, _theirs(other, cases, dialect, folder)))
    return rows


def _theirs(other: Aider | Codex, cases: Sequence[Case], dialect: str, folder: Path) -> list[tuple[Case, Verdict]]:
    told = []
    for case in cases:
        # aider's udiff has no deletions, and says so to its models; the cases are left out for it.
        if dialect in case.texts and not (other.name == "aider" and "dev/null" in case.texts[dialect].split("+++")[-1]):
            done = other.apply(laid_out(folder, case), dialect, case.texts[dialect])
            told.append((case, judge(case, folder, done)))
    return told


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [_HEAD, ["---"] * len(_HEAD), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def categories(rows: Sequence[Row]) -> str:
    """Right answers (applied as meant, or rightly refused) by category, with silent corruptions after a `!`."""
    names = list(dict.fromkeys(case.category for row in rows for case, _ in row.verdicts))
    lines = [["category", *(f"{row.dialect}, {row.engine}" for row in rows)], ["---"] * (len(rows) + 1)]
    lines += [[name, *(_cell(row, name) for row in rows)] for name in names]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(row: Row, category: str) -> str:
    of_it = [(case, verdict) for case, verdict in row.verdicts if case.category == category]
    right = sum(verdict == ("refused" if case.after is None else "applied") for case, verdict in of_it)
    corrupt = sum(verdict == "corrupt" for _, verdict in of_it)
    return (f"{right}/{len(of_it)}" + (f" !{corrupt}" if corrupt else "")) if of_it else ""


def write(text: str) -> None:
    """Put the table between its marks in the page."""
    page = _PAGE.read_text(encoding="utf-8")
    head, rest = page.split(_BEGIN)
    _PAGE.write_text(f"{head}{_BEGIN}\n{text}\n{_END}{rest.split(_END)[1]}", encoding="utf-8")


def main() -> int:
    """Print the table; 1 where our engine corrupted a file or applies less than another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/edits.md")
    parser.add_argument("--no-peers", action="store_true", help="our engine alone: nothing is installed")
    parser.add_argument("--categories", action="store_true", help="also print what each kind of mistake gave")
    parser.add_argument("--dialect", action="append", choices=DIALECTS, help="only this dialect")
    asked = parser.parse_args()
    began, cases = time.monotonic(), corpus()
    folder = Path(tempfile.mkdtemp(prefix="loopwright-edits-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        others = [] if asked.no_peers else _started(stack)
        rows = measure(cases, asked.dialect or DIALECTS, others, folder / "work")
    print(table(rows))
    if asked.categories:
        print("\n" + categories(rows))
    print(f"\n{len(cases)} cases in {time.monotonic() - began:.0f} s")
    if asked.write:
        kinds = "By kind of mistake: right answers of cases, and `!n` for n silent corruptions."
        write("\n\n".join([table(rows), kinds, categories(rows)]))
    return _verdict(rows)


def _started(stack: ExitStack) -> list[Aider | Codex]:
    try:
        return stack.enter_context(peers())
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"the other engines cannot be installed: {error}\nUse --no-peers to leave them out."
        ) from error


def _verdict(rows: Sequence[Row]) -> int:
    bad = [f"{row.dialect}: silent corruption" for row in rows if row.engine == "Loopwright" and _corrupt(row)]
    for row in rows:
        best = next(mine for mine in rows if mine.dialect == row.dialect and mine.engine == "Loopwright")
        if _applied(row) > _applied(best):
            bad.append(f"{row.dialect}: {row.engine} applies more")
    print("\n".join(bad) or "no silent corruption, and no other engine applies more")
    return 1 if bad else 0


def _corrupt(row: Row) -> int:
    return sum(verdict == "corrupt" for _, verdict in row.verdicts)


def _applied(row: Row) -> float:
    should = [verdict for case, verdict in row.verdicts if case.after is not None]
    return should.count("applied") / max(len(should), 1)


if __name__ == "__main__":
    sys.exit(main())
