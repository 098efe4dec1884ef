"""Take a checkpoint of a workspace in milliseconds, whatever its size, without touching anybody's git."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from loopwright.base import UsageError
from loopwright.checkpoint._commits import encode_commit, skipped_of
from loopwright.checkpoint._compare import compare_trees
from loopwright.checkpoint._failures import speaking
from loopwright.checkpoint._mirror import Mirror
from loopwright.checkpoint._objects import ObjectStore
from loopwright.checkpoint._refs import MAIN, part_ref, rewind, write_ref
from loopwright.checkpoint._repository import check_place, clear_leftovers, make_repository
from loopwright.checkpoint._restore import Restored, restore_workspace
from loopwright.checkpoint.policy import Policy
from loopwright.record import CheckpointInfo, SkippedFile

__all__ = ["Checkpoints"]


class Checkpoints:
    """The private repository of one workspace: made by `create`, taken up again by `open`. One writer at a time.

    It is a context manager; `close` ends the watching. All methods may be called from any thread and exclude one
    another. They raise MachineError where the disk is full or not writable; the checkpoints so far are intact then,
    and the next `snapshot` holds everything.
    """

    def __init__(self, repo: Path, workspace: Path, policy: Policy) -> None:
        self.repo = repo
        self.workspace = workspace
        self.initial: CheckpointInfo | None = None
        self._store = ObjectStore(repo)
        self._mirror = Mirror(workspace, policy, self._store.put)
        self._lock = threading.RLock()
        self._head = ""
        self._tree = ""
        self._full = False
        self._reported: dict[str, SkippedFile] = {}

    @classmethod
    def create(
        cls, repo: Path, workspace: Path, *, alternates: Path | None = None, policy: Policy | None = None
    ) -> Checkpoints:
        """Make the repository and commit the starting files as part 0 (`initial`).

        Args:
            repo: Where the bare repository goes; absent or an empty folder, outside of the workspace.
            workspace: The folder to record; it must exist.
            alternates: A repository whose objects are shared instead of copied. It is only ever read.
            policy: What to record and how to watch.

        Raises:
            UsageError: The places do not fit together.
            MachineError: The disk is full or not writable.
        """
        repo, workspace = _places(repo, workspace)
        with speaking(repo):
            check_place(repo)
            try:
                make_repository(repo, alternates=alternates)
                checkpoints = cls(repo, workspace, policy or Policy())
                checkpoints._begin()
            except BaseException:
                shutil.rmtree(repo, ignore_errors=True)
                raise
        return checkpoints

    @classmethod
    def open(cls, repo: Path, workspace: Path, *, head: str, policy: Policy | None = None) -> Checkpoints:
        """Go on after `head`, the last checkpoint that was acknowledged; newer ones are dropped.

        The workspace is not changed: call `restore(head)` for that, or `snapshot` to keep what it holds now.

        Raises:
            UsageError: `head` is not a checkpoint of `repo`, or there is no repository.
            MachineError: The disk is full or not writable.
        """
        repo, workspace = _places(repo, workspace)
        if not (repo / "objects").is_dir():
            raise UsageError(
                "There is no checkpoint repository.",
                where=str(repo),
                remedy="Type `loopwright verify` with the run's id: it says how to get the repository back.",
            )
        with speaking(repo):
            clear_leftovers(repo)
            checkpoints = cls(repo, workspace, policy or Policy())
            commit = checkpoints._store.reader.commit(head)
            rewind(checkpoints._store.reader, repo, commit.id)
        checkpoints._head, checkpoints._tree = commit.id, commit.tree.hex()
        checkpoints._reported = {file.path: file for file in skipped_of(commit.message)}
        return checkpoints

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def head(self) -> str:
        """The last checkpoint's commit, 40 hex digits."""
        return self._head

    @property
    def tree(self) -> str:
        """The last checkpoint's tree, 40 hex digits."""
        return self._tree

    @property
    def watch_note(self) -> str:
        """Why every snapshot compares every file; empty where the kernel reports changes."""
        return self._mirror.watches.note

    def close(self) -> None:
        """End the watching. The repository stays; calling it twice is harmless."""
        with self._lock:
            self._mirror.close()
            self._store.discard()

    def full_scan(self) -> None:
        """Make the next snapshot compare every file, to catch writes through memory maps. For the end of a turn."""
        self._full = True

    def snapshot(self, part: int, message: str, *, durable: bool = False) -> CheckpointInfo | None:
        """Commit the workspace as it is now, as the checkpoint of `part`.

        Everything that finished programs have done is in it. Several snapshots in one part are fine: the part's
        ref moves on.

        Args:
            part: The global part index.
            message: The commit's message.
            durable: Also survive a power cut (fsync).

        Returns:
            What changed, or None where nothing did. A file that is skipped for the first time, or with new content,
            counts as a change.
        """
        with self._lock, speaking(self.repo), self._consistent():
            self._mirror.update(full=self._full)
            self._full = False
            tree = self._mirror.root.write(self._store.put)
            skipped = self._mirror.skipped()
            news = tuple(file for path, file in sorted(skipped.items()) if self._reported.get(path) != file)
            if tree.hex() == self._tree and not news:
                self._store.discard()
                return None
            return self._commit(part, message, tree, skipped, news, durable)

    def restore(self, commit: str) -> Restored:
        """Make the workspace equal to a checkpoint; only what differs is touched. `head` stays where it is.

        Ignored files (a nested `.git`, caches) are left alone, as are folders that were empty anyway. Links are
        never followed, whatever the workspace holds.

        Returns:
            What was done, and which files of that checkpoint were never recorded by content and are not there now.

        Raises:
            UsageError: There is no such commit.
        """
        with self._lock, speaking(self.workspace), self._consistent():
            target = self._store.reader.commit(commit)
            self._mirror.update()
            restored = restore_workspace(self._store, self._mirror, target)
            if self._mirror.root.write(self._store.put) != target.tree:
                # Somebody writes at the same time: the picture names objects that are not kept.
                self._mirror.forget()
            self._store.discard()
            return restored

    def _begin(self) -> None:
        with self._lock, self._consistent():
            self._mirror.update()
            tree = self._mirror.root.write(self._store.put)
            skipped = self._mirror.skipped()
            news = tuple(file for _, file in sorted(skipped.items()))
            self.initial = self._commit(0, "The starting files", tree, skipped, news, False)

    def _commit(
        self,
        part: int,
        message: str,
        tree: bytes,
        skipped: dict[str, SkippedFile],
        news: tuple[SkippedFile, ...],
        durable: bool,
    ) -> CheckpointInfo:
        parent = self._head or None
        data = encode_commit(tree, parent, part, message, (skipped[path] for path in sorted(skipped)))
        commit = self._store.put(b"commit", data).hex()
        self._store.flush(durable=durable)
        write_ref(self.repo, part_ref(part), commit, durable=durable)
        write_ref(self.repo, MAIN, commit, durable=durable)
        changes = compare_trees(self._store.reader.read, bytes.fromhex(self._tree), tree) if parent else ()
        self._head, self._tree, self._reported = commit, tree.hex(), skipped
        return CheckpointInfo(parent, commit, tree.hex(), changes, news)

    @contextmanager
    def _consistent(self) -> Iterator[None]:
        """After a failure the picture may name objects that were never written: start from nothing then."""
        try:
            yield
        except BaseException:
            self._store.discard()
            self._mirror.forget()
            raise


def _places(repo: Path, workspace: Path) -> tuple[Path, Path]:
    repo, workspace = repo.resolve(), workspace.resolve()
    if not workspace.is_dir():
        raise UsageError("The workspace is not a folder.", where=str(workspace))
    if repo == workspace or repo.is_relative_to(workspace) or workspace.is_relative_to(repo):
        raise UsageError("The checkpoint repository and the workspace must not contain one another.", where=str(repo))
    return repo, workspace
