"""Edits of several files, and of files as a whole."""

from __future__ import annotations

from tests.runtime.edits.corpus.cases import DIALECTS, Case, FileEdit, deletion, native, write
from tests.runtime.edits.corpus.generate import Work, encode
from tests.runtime.edits.corpus.mistakes import spoilt
from tests.runtime.edits.corpus.placing import two_spots

__all__ = ["create", "delete", "move", "several_files"]


def several_files(work: Work) -> Case | None:
    """Two files change and a third is made; in a quarter of the cases one hunk is wrong, and nothing may happen."""
    other_path, new_path = f"lib/other_{work.path[4:]}", f"lib/new/{work.path[4:]}.txt"
    pair = two_spots(work, apart=0)
    if not pair:
        return None
    spot, other = pair
    blocks = [spot.block(work.lines), other.block(work.lines)]
    wrong = work.random.random() < 0.25
    if wrong:
        blocks[1] = spoilt(work, other, blocks[1])
    edits = [
        FileEdit(work.path, [blocks[0]]),
        FileEdit(other_path, [blocks[1]]),
        FileEdit(new_path, content="first\n\nthird\n"),
    ]
    before = {work.path: encode(work.lines), other_path: encode(work.lines)}
    after = {work.path: encode(spot.done(work.lines)), other_path: encode(other.done(work.lines))}
    after[new_path] = b"first\n\nthird\n"
    return Case("", "", before, None if wrong else after, write(edits), native(edits))


def create(work: Work) -> Case | None:
    """A new file, in a folder that may be new; or a file that is there already."""
    lines = [f"{work.random.randrange(1000)}: {line}" for line in work.lines[: work.random.randrange(1, 9)]]
    there = work.random.random() < 0.25
    path = work.path if there else f"{work.random.choice(['', 'src/', 'new/deep/'])}fresh_{work.path[4:]}"
    edits = [FileEdit(path, content="\n".join(lines) + "\n")]
    before = {work.path: encode(work.lines)}
    after = None if there else {**before, path: encode(lines)}
    # An empty SEARCH on a file that exists means "add at the end" to aider; that is no mistake there.
    dialects = DIALECTS if not there else ("native",)
    return Case("", "", before, after, write(edits, dialects), native(edits))


def delete(work: Work) -> Case | None:
    """A file goes; or one that was never there should."""
    missing = work.random.random() < 0.25
    path = f"src/gone_{work.random.randrange(100)}.txt" if missing else work.path
    edits = [FileEdit(path)]
    before = {work.path: encode(work.lines), "keep.txt": b"keep\n"}
    texts = {**write(edits), "unified_diff": deletion(path, work.lines)}
    return Case("", "", before, None if missing else {"keep.txt": b"keep\n"}, texts, native(edits))


def move(work: Work) -> Case | None:
    """A file gets another name, and mostly other text; a quarter of the names are taken."""
    taken = work.random.random() < 0.25
    path = "lib/taken.txt" if taken else f"lib/{work.random.randrange(100)}/{work.path[4:]}"
    edits = [FileEdit(work.path, [work.spot.block(work.lines)], move_to=path)]
    before = {work.path: encode(work.lines), "lib/taken.txt": b"mine\n"}
    after = {path: encode(work.spot.done(work.lines)), "lib/taken.txt": b"mine\n"}
    return Case("", "", before, None if taken else after, write(edits), native(edits))
