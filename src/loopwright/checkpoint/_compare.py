"""Which files differ between two trees.

Only folders that differ are read: libgit2's `diff_to_tree` visits all of them, which took 11 of the 17 ms of a
checkpoint of 50,000 files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loopwright.checkpoint._paths import shown
from loopwright.checkpoint._trees import FOLDER_MODE, Entry, decode_tree
from loopwright.record import FileChange

__all__ = ["compare_trees"]

_Read = Callable[[bytes], bytes]
_Pair = tuple[bytes, Entry | None, Entry | None]


def compare_trees(read: _Read, tree_a: bytes, tree_b: bytes) -> tuple[FileChange, ...]:
    """The files that differ, ordered by path; a path whose kind changed between file and link counts as modified.

    Args:
        read: Gives the content of an object by its raw id.
        tree_a: The raw id of the older tree.
        tree_b: The raw id of the newer tree.
    """
    found: dict[bytes, FileChange] = {}
    stack: list[_Pair] = [(b"", Entry(FOLDER_MODE, b"", tree_a), Entry(FOLDER_MODE, b"", tree_b))]
    while stack:
        path, old, new = stack.pop()
        if old == new:
            continue
        change = _change(path, _unless_folder(old), _unless_folder(new))
        if change is not None:
            found[path] = change
        stack.extend(_inside(path, _entries(read, old), _entries(read, new)))
    return tuple(found[path] for path in sorted(found))


def _change(path: bytes, old: Entry | None, new: Entry | None) -> FileChange | None:
    if old is None:
        return FileChange(shown(path), "added") if new else None
    return FileChange(shown(path), "modified" if new else "deleted")


def _unless_folder(entry: Entry | None) -> Entry | None:
    return None if entry is None or entry.mode == FOLDER_MODE else entry


def _entries(read: _Read, entry: Entry | None) -> dict[bytes, Entry]:
    if entry is None or entry.mode != FOLDER_MODE:
        return {}
    return {inner.name: inner for inner in decode_tree(read(entry.oid))}


def _inside(path: bytes, old: dict[bytes, Entry], new: dict[bytes, Entry]) -> Iterator[_Pair]:
    for name in old.keys() | new.keys():
        yield (path + b"/" + name if path else name), old.get(name), new.get(name)
