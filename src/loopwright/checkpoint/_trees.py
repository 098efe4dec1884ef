"""What is known of the workspace: folders and files, each with its git object id, ready to become tree objects.

Trees are encoded here rather than by a library, because a workspace holds names that libraries refuse or re-encode
(bytes that are not UTF-8), and because one join is faster than one call an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

__all__ = ["EMPTY", "Entry", "Folder", "Known", "Skip", "SkipReason", "decode_tree", "encode_tree"]

SkipReason = Literal["too_large", "special_file", "unreadable"]

EMPTY = b""
"""The tree of a folder without recorded files: git has no name for it in a parent."""

FOLDER_MODE = 0o40000


class Known(NamedTuple):
    """A recorded file: git mode, raw object id, what stat said, and how far that stamp can be trusted.

    `trust` 0: it may change without the stamp changing; 1: the same through mmap only; 2: settled. `shared`: it had
    more than one name.
    """

    mode: int
    oid: bytes
    stamp: bytes
    trust: int
    shared: bool = False


class Skip(NamedTuple):
    """A file that is not recorded by content, and why."""

    reason: SkipReason
    size: int
    sha256: str
    stamp: bytes


class Entry(NamedTuple):
    """One line of a tree object."""

    mode: int
    name: bytes
    oid: bytes


class Folder:
    """One folder of the workspace. `tree` is None where its tree object has to be written again."""

    __slots__ = ("children", "depth", "files", "ignored", "name", "parent", "skipped", "tree", "watch")

    def __init__(self, name: bytes = b"", parent: Folder | None = None) -> None:
        self.name = name
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.children: dict[bytes, Folder] = {}
        self.files: dict[bytes, Known] = {}
        self.skipped: dict[bytes, Skip] = {}
        self.tree: bytes | None = None
        self.watch: int | None = None
        self.ignored = False

    def chain(self) -> list[bytes]:
        """Names from the workspace's root down to this folder."""
        names: list[bytes] = []
        folder = self
        while folder.parent is not None:
            names.append(folder.name)
            folder = folder.parent
        return names[::-1]

    def path(self, name: bytes) -> bytes:
        """The path of an entry of this folder, relative to the workspace."""
        return b"/".join([*self.chain(), name])

    def names(self) -> set[bytes]:
        """All names that are known here."""
        return self.children.keys() | self.files.keys() | self.skipped.keys()

    def touch(self) -> None:
        """Note that this folder's tree is out of date, and with it every tree above."""
        folder: Folder | None = self
        while folder is not None and folder.tree is not None:
            folder.tree = None
            folder = folder.parent

    def walk(self) -> Iterator[Folder]:
        """This folder and all below it, a parent always before its children."""
        stack = [self]
        while stack:
            folder = stack.pop()
            yield folder
            stack.extend(folder.children.values())

    def write(self, put: Callable[[bytes, bytes], bytes]) -> bytes:
        """Write every tree that is out of date through `put(kind, data)` and return the id of this folder's."""
        for folder in reversed(list(self._outdated())):
            entries = folder.entries()
            folder.tree = put(b"tree", encode_tree(entries)) if entries or folder is self else EMPTY
        assert self.tree is not None
        return self.tree

    def _outdated(self) -> Iterator[Folder]:
        stack = [self] if self.tree is None else []
        while stack:
            folder = stack.pop()
            yield folder
            stack.extend(child for child in folder.children.values() if child.tree is None)

    def entries(self) -> list[Entry]:
        """What goes into the tree object, in no order; the trees of the children must be written."""
        found = [Entry(known.mode, name, known.oid) for name, known in self.files.items()]
        found += [Entry(FOLDER_MODE, name, child.tree) for name, child in self.children.items() if child.tree]
        return found


def encode_tree(entries: list[Entry]) -> bytes:
    """The bytes of a tree object. Folders sort as if their name ended in a slash (git's own rule)."""
    ordered = sorted(entries, key=lambda entry: entry.name + b"/" if entry.mode == FOLDER_MODE else entry.name)
    return b"".join(b"%o %b\0%b" % entry for entry in ordered)


def decode_tree(data: bytes) -> list[Entry]:
    """Read a tree object.

    Raises:
        ValueError: The bytes are no tree.
    """
    entries: list[Entry] = []
    position = 0
    while position < len(data):
        space = data.index(b" ", position)
        end = data.index(b"\0", space)
        oid = data[end + 1 : end + 21]
        if len(oid) != 20:
            raise ValueError("a tree entry is cut off")
        entries.append(Entry(int(data[position:space], 8), data[space + 1 : end], oid))
        position = end + 21
    return entries
