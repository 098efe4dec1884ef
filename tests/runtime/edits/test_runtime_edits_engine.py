"""The engine: operations on files, all or nothing, and what the model is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loopwright.runtime.edits import Create, Delete, EditError, Hunk, Move, Operation, Update, apply, revert


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "src").mkdir(parents=True)
    (folder / "src/a.py").write_text("one\ntwo\nthree\n")
    (folder / "run.sh").write_text("#!/bin/sh\necho hi\n")
    (folder / "run.sh").chmod(0o755)
    return folder


def _refused(work: Path, *operations: Operation) -> str:
    before = _tree(work)
    with pytest.raises(EditError) as caught:
        apply(work, operations)
    assert _tree(work) == before
    return str(caught.value)


def test_every_operation_in_one_call_and_back(work: Path) -> None:
    before = _tree(work)
    report = apply(
        work,
        [
            Update("src/a.py", (Hunk("two", "2"),)),
            Create("new/deep/b.txt", "hello\n"),
            Update("run.sh", (Hunk("echo hi", "echo ho"),), move_to="bin/run.sh"),
        ],
    )
    assert (work / "src/a.py").read_text() == "one\n2\nthree\n"
    assert (work / "new/deep/b.txt").read_text() == "hello\n"
    assert not (work / "run.sh").exists()
    assert (work / "bin/run.sh").stat().st_mode & 0o777 == 0o755
    assert [(one.path, one.what, one.line) for one in report.changed] == [
        ("src/a.py", "updated", 2),
        ("new/deep/b.txt", "created", 1),
        ("bin/run.sh", "moved", 2),
    ]
    assert "updated src/a.py (1 hunk, first at line 2)" in report.text
    revert(work, report.undo)
    assert _tree(work) == before


def test_a_dry_run_changes_nothing_and_says_so(work: Path) -> None:
    before = _tree(work)
    report = apply(work, [Update("src/a.py", (Hunk("two", "2"),)), Create("x/y", "z")], dry_run=True)
    assert _tree(work) == before
    assert report.dry_run
    assert report.text.startswith("Nothing was written")


def test_operations_build_on_each_other(work: Path) -> None:
    apply(work, [Move("src/a.py", "b.py"), Update("b.py", (Hunk("two", "2"),)), Create("src/a.py", "new\n")])
    assert (work / "b.py").read_text() == "one\n2\nthree\n"
    assert (work / "src/a.py").read_text() == "new\n"


def test_updates_of_one_file_are_found_in_the_file_as_it_was(work: Path) -> None:
    apply(work, [Update("src/a.py", (Hunk("three", "two"),)), Update("src/a.py", (Hunk("two", "2"),))])
    assert (work / "src/a.py").read_text() == "one\n2\ntwo\n"


def test_delete_and_move(work: Path) -> None:
    report = apply(work, [Delete("src/a.py"), Move("run.sh", "go.sh")])
    assert sorted(_tree(work)) == ["go.sh", "src"]
    assert (work / "go.sh").stat().st_mode & 0o777 == 0o755
    assert report.text == "deleted src/a.py\nmoved go.sh from run.sh"


def test_overwriting_keeps_the_mode(work: Path) -> None:
    apply(work, [Create("run.sh", "exit 1\n", overwrite=True)])
    assert (work / "run.sh").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (Create("src/a.py", "x"), "src/a.py: it exists already"),
        (Create("src", "x"), "not a regular file"),
        (Create("src/a.py/b", "x"), "Not a directory"),
        (Create("x", "a\0b"), "NUL"),
        (Create("x", "a\ud800b"), "not valid Unicode at character 1"),
        (Delete("src/b.py"), "there is no such file. Do you mean src/a.py?"),
        (Delete("a.py"), "Do you mean src/a.py?"),
        (Move("src/a.py", "run.sh"), "run.sh: it exists already"),
        (Move("nowhere", "x"), "there is no such file"),
        (Update("src/a.py", ()), "there is no hunk"),
        (Update("src/a.py", (Hunk("two", "two"),)), "changes nothing"),
        (Update("src/a.py", (Hunk("", "two"),)), "nothing says where to insert"),
        (Update("src/a.py", (Hunk("two", "2"), Hunk("two\nthree", "x"))), "hunks 1 and 2 change the same text"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(work: Path, operation: Operation, words: str) -> None:
    assert words in _refused(work, Create("would/be/new", "x"), operation)


def test_an_empty_edit_is_refused(work: Path) -> None:
    assert "there is nothing in it" in _refused(work)


def test_all_problems_are_told_at_once_with_the_nearest_text(work: Path) -> None:
    text = _refused(
        work,
        Update("src/a.py", (Hunk("one\ntoo\nthree", "x"), Hunk("two", "2"), Hunk("seven", "7"))),
        Delete("gone"),
    )
    assert "src/a.py, hunk 1 of 3: the old text is not in the file" in text
    assert "1| one\n2| two\n3| three" in text
    assert "src/a.py, hunk 3 of 3" in text
    assert "gone: there is no such file" in text
    assert "hunk 2" not in text


def test_an_edit_that_was_made_already_is_recognised(work: Path) -> None:
    assert "already there, at line 2" in _refused(work, Update("src/a.py", (Hunk("zwei\nthree", "two\nthree"),)))


@pytest.mark.parametrize("content", [b"a\xffb\n", b"a\0b\n"])
def test_files_that_are_no_text_are_not_touched(work: Path, content: bytes) -> None:
    (work / "data").write_bytes(content)
    _refused(work, Update("data", (Hunk("a", "b"),)))
    apply(work, [Move("data", "moved")])
    assert (work / "moved").read_bytes() == content


def test_files_over_the_cap_are_refused(work: Path) -> None:
    with (work / "big").open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert "more than 16777216" in _refused(work, Update("big", (Hunk("a", "b"),)))


def test_code_that_was_left_out_is_refused(work: Path) -> None:
    lazy = "# ... rest of the code ...\n"
    assert "instead of the code" in _refused(work, Update("src/a.py", (Hunk("one\ntwo", "one\n" + lazy),)))
    assert "instead of the code" in _refused(work, Create("src/a.py", lazy, overwrite=True))
    apply(work, [Update("src/a.py", (Hunk("two", "# ... and so on\n"),))])


def test_the_report_names_the_rung(work: Path) -> None:
    (work / "src/a.py").write_text("def f():\n    if x:\n        go()\n")
    report = apply(work, [Update("src/a.py", (Hunk("if x:\n    go()", "if x:\n    stay()"),))])
    assert report.changed[0].hunks[0].rung == "indentation"
    assert "hunk 1 was found in spite of its indentation (line 2)" in report.text


def test_insertions(work: Path) -> None:
    def edited(hunk: Hunk) -> str:
        (work / "src/a.py").write_text("one\ntwo\nthree\n")
        apply(work, [Update("src/a.py", (hunk,))])
        return (work / "src/a.py").read_text()

    assert edited(Hunk("", "x\n", line=1)) == "x\none\ntwo\nthree\n"
    assert edited(Hunk("", "x\n", line=4)) == "one\ntwo\nthree\nx\n"
    assert edited(Hunk("", "x\n", at_end=True)) == "one\ntwo\nthree\nx\n"
    assert edited(Hunk("", "x\n", anchors=("two",))) == "one\ntwo\nx\nthree\n"
    (work / "empty").write_text("")
    apply(work, [Update("empty", (Hunk("", "x\n"),))])
    assert (work / "empty").read_text() == "x\n"


def test_an_undo_does_not_run_over_later_work(work: Path) -> None:
    report = apply(work, [Update("src/a.py", (Hunk("two", "2"),))])
    (work / "src/a.py").write_text("mine\n")
    with pytest.raises(Exception, match="changed since"):
        revert(work, report.undo)
    assert (work / "src/a.py").read_text() == "mine\n"


def test_hard_links_and_names_with_odd_letters(work: Path) -> None:
    odd = "src/ä b\n.py"
    (work / odd).write_text("one\n")
    os.link(work / odd, work / "other")
    apply(work, [Update(odd, (Hunk("one", "1"),))])
    assert (work / odd).read_text() == "1\n"
    assert (work / "other").read_text() == "one\n"


def test_terminal_escapes_do_not_get_into_messages(work: Path) -> None:
    (work / "src/a.py").write_text("\x1b[31mred one two three\n")
    text = _refused(work, Update("src/a.py", (Hunk("red one two threx", "x"),)), Delete("\x1b[2J"))
    assert "\x1b" not in text
    assert "nearest lines" in text
