"""What holds for all edits, whatever the text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loopwright.runtime.edits import Create, Delete, EditError, Hunk, Move, Operation, Update, apply, revert

# Few different letters, so that lines repeat, fit at several places, and differ by spaces and quotes only.
_LINE = st.text("ab \t'‘.#é", max_size=5)
_FILE = st.builds(
    lambda lines, ends, last: "".join(map(str.__add__, lines, ends)) + last,
    st.lists(_LINE, min_size=8, max_size=8),
    st.lists(st.sampled_from(["\n", "\n", "\r\n"]), max_size=8),
    st.sampled_from(["", "", "x"]),
)
_TEXT = st.lists(_LINE, max_size=4).map("\n".join)
_HUNK = st.builds(
    Hunk,
    old=_TEXT,
    new=_TEXT,
    whole_lines=st.booleans(),
    anchors=st.lists(_LINE, max_size=1).map(tuple),
    line=st.none() | st.integers(0, 9),
    at_end=st.booleans(),
    everywhere=st.booleans(),
)
_NAME = st.sampled_from(["a", "b", "d/c", "new", "d/new", "out", "../x", "d"])
_OPERATION = st.one_of(
    st.builds(Create, _NAME, _TEXT, st.booleans()),
    st.builds(Update, _NAME, st.lists(_HUNK, max_size=3).map(tuple), st.none() | _NAME),
    st.builds(Delete, _NAME),
    st.builds(Move, _NAME, _NAME),
)


@contextmanager
def _workspace(**files: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name, "work")
        (work / "d").mkdir(parents=True)
        (work / "out").symlink_to(name)
        for path, text in files.items():
            (work / path).write_bytes(text.encode())
        (work / "a").chmod(0o750)
        yield work


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.parent.rglob("*")
        if path != folder and path.is_relative_to(folder)
    }


@settings(max_examples=150)
@given(_FILE, _FILE, st.lists(_OPERATION, max_size=4))
def test_applied_and_undone_or_not_at_all(one: str, other: str, operations: list[Operation]) -> None:
    with _workspace(a=one, b=other) as work:
        before, around = _tree(work), sorted(path.name for path in work.parent.iterdir())
        try:
            report = apply(work, operations)
        except EditError:
            assert _tree(work) == before
        else:
            assert (_tree(work) == before) == ({one.what for one in report.changed} == {"kept"})
            revert(work, report.undo)
            assert _tree(work) == before
        assert sorted(path.name for path in work.parent.iterdir()) == around


@settings(max_examples=150)
@given(_FILE, _FILE, st.lists(_OPERATION, max_size=3))
def test_a_dry_run_says_what_the_run_does(one: str, other: str, operations: list[Operation]) -> None:
    with _workspace(a=one, b=other) as work:
        before = _tree(work)
        try:
            dry = apply(work, operations, dry_run=True)
        except EditError:
            dry = None
        assert _tree(work) == before
        if dry:
            assert apply(work, operations).changed == dry.changed


@settings(max_examples=200)
@given(_FILE, st.data(), _TEXT)
def test_an_exact_only_text_is_replaced_as_python_would(text: str, data: st.DataObject, new: str) -> None:
    flat = text.replace("\r\n", "\n")
    start = data.draw(st.integers(0, len(flat)))
    old = flat[start : data.draw(st.integers(start, len(flat)))]
    occurrences = sum(flat.startswith(old, at) for at in range(len(flat)))
    assume(old and old != new and occurrences == 1)
    with _workspace(a=text) as work:
        apply(work, [Update("a", (Hunk(old, new, whole_lines=False),))])
        assert (work / "a").read_bytes().decode().replace("\r\n", "\n") == flat.replace(old, new)


@settings(max_examples=200)
@given(_FILE, st.data(), st.lists(_LINE, max_size=3))
def test_endings_of_untouched_lines_never_change(text: str, data: st.DataObject, new: list[str]) -> None:
    lines = text.encode().splitlines(keepends=True)
    assume(len(lines) > 2 and b"\r" not in text.replace("\r\n", "").encode())
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    old = [line.rstrip(b"\r\n").decode() for line in lines[start:end]]
    hunk = Hunk("".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new), line=start + 1)
    with _workspace(a=text) as work:
        try:
            apply(work, [Update("a", (hunk,))])
        except EditError:
            return
        after = (work / "a").read_bytes().splitlines(keepends=True)
        count = len(lines) - end
        assert after[:start] == lines[:start] or not new or end == len(lines)
        assert after[len(after) - count :] == lines[end:]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["a", "b", "  a", ""]), min_size=4, max_size=10), st.data(), _TEXT, st.booleans())
def test_lines_that_are_there_twice_are_never_changed_without_a_hint(
    lines: list[str], data: st.DataObject, new: str, whole_lines: bool
) -> None:
    start = data.draw(st.integers(0, len(lines) - 2))
    old = lines[start : data.draw(st.integers(start + 1, min(start + 3, len(lines))))]
    assume(any(old) and sum(lines[at : at + len(old)] == old for at in range(len(lines))) > 1)
    with _workspace(a="".join(f"{line}\n" for line in lines)) as work, pytest.raises(EditError):
        apply(work, [Update("a", (Hunk("\n".join(old), new, whole_lines),))])
