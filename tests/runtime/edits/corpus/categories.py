"""All kinds of mistakes that the corpus is made of, and how many cases of each."""

from __future__ import annotations

from tests.runtime.edits.corpus import mistakes, placing, whole_files
from tests.runtime.edits.corpus.generate import Category

__all__ = ["CATEGORIES"]

CATEGORIES: dict[str, tuple[Category, int]] = {
    "plain": (mistakes.plain, 12),
    "indentation drift": (mistakes.indentation, 24),
    "lost blank lines": (mistakes.lost_blank_lines, 14),
    "CRLF": (mistakes.crlf, 16),
    "typographic quotes": (mistakes.typography, 14),
    "duplicates, ambiguous": (placing.duplicates_refused, 12),
    "duplicates, numbered": (placing.duplicates_numbered, 8),
    "duplicates, anchored": (placing.duplicates_anchored, 8),
    "duplicates, context": (placing.duplicates_in_context, 10),
    "two hunks": (placing.two_hunks, 10),
    "moved hunks": (placing.moved_hunks, 14),
    "neighbouring hunks": (placing.neighbours, 10),
    "dependent hunks": (placing.dependent_hunks, 10),
    "no final newline": (mistakes.no_final_newline, 14),
    "several files": (whole_files.several_files, 12),
    "create": (whole_files.create, 10),
    "delete": (whole_files.delete, 8),
    "move": (whole_files.move, 10),
    "trailing spaces": (mistakes.trailing_spaces, 16),
    "wrong line numbers": (placing.wrong_line_numbers, 12),
    "missing context": (placing.missing_context, 16),
    "elision": (mistakes.elision, 12),
    "stale text": (mistakes.stale, 14),
    "near miss, changed line": (mistakes.near_miss, 14),
    "near miss, context": (mistakes.near_miss_context, 12),
    "broken fences": (mistakes.broken_fences, 12),
}
"""Name -> how to make a case, and how many of it for each seed file."""
