"""Rebuilding a run's folder from a store, whether or not the machine that wrote it lives."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loopwright.base import MachineError, UsageError
from loopwright.record._disk import disk_error
from loopwright.record._line import BadLine, unframe
from loopwright.record.rundir import RunDir, check_id
from loopwright.record.stores import Store, run_key

__all__ = ["fetch"]

_THREADS = 16
_SEGMENT = re.compile(r"journal/([0-9]{12})\.jsonl")
_BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_PLAIN = re.compile(
    r"bundles/[0-9]+\.bundle|agent_trace\.json|repo\.bundle|trace\.parquet|conversation\.md|summary\.json"
)


def fetch(store: Store, trajectory_id: str, target_home: Path) -> RunDir:
    """Rebuild `<target_home>/trajectories/<id>` from the store: journal, payloads, bundles, derived files.

    There is no `repo.git`: the checkpoints are in `repo.bundle` where the run ended, else in `bundles/<n>.bundle`, to
    be unbundled in order.

    Raises:
        UsageError: The store has no such run, or the target has it already.
        MachineError: The store failed, or what it has is damaged; the target is left without the run.
    """
    check_id(trajectory_id)
    keys = store.list(run_key(trajectory_id))
    names = [key.removeprefix(run_key(trajectory_id)) for key in keys]
    if not any(_SEGMENT.fullmatch(name) for name in names):
        raise UsageError(
            f"The store has no run {trajectory_id!r}.",
            where=store.uri("trajectories/"),
            remedy="Give the whole id; look there for those it has.",
        )
    rundir = RunDir.create(target_home, trajectory_id)
    try:
        _fill(_Source(store, trajectory_id), rundir, sorted(names))
    except BaseException as error:
        shutil.rmtree(rundir.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise disk_error(error, "fetch the run", rundir.path) from error
        raise
    return rundir


class _Source:
    def __init__(self, store: Store, trajectory_id: str) -> None:
        self.store = store
        self.id = trajectory_id

    def get(self, name: str) -> bytes:
        return self.store.get(run_key(self.id, name))

    def uri(self, name: str) -> str:
        return self.store.uri(run_key(self.id, name))


def _fill(source: _Source, rundir: RunDir, names: list[str]) -> None:
    rundir.bundles_folder.mkdir()
    pool = ThreadPoolExecutor(_THREADS)
    try:
        pending = [pool.submit(_save_blob, source, rundir, name) for name in names if _BLOB.fullmatch(name)]
        pending += [pool.submit(_save, source, rundir, name) for name in names if _PLAIN.fullmatch(name)]
        _save_journal(source, rundir, [name for name in names if _SEGMENT.fullmatch(name)], pool)
        for future in pending:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _save(source: _Source, rundir: RunDir, name: str) -> None:
    (rundir.path / name).write_bytes(source.get(name))


def _save_blob(source: _Source, rundir: RunDir, name: str) -> None:
    data = source.get(name)
    if hashlib.sha256(data).hexdigest() != name.rpartition("/")[2]:
        raise MachineError("A payload in the store is damaged.", where=source.uri(name))
    path = rundir.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def _save_journal(source: _Source, rundir: RunDir, names: list[str], pool: ThreadPoolExecutor) -> None:
    expected = 1
    with rundir.journal.open("wb") as file:
        for name, data in zip(names, pool.map(source.get, names), strict=True):
            for line in data.splitlines(keepends=True):
                expected += _save_line(file.write, line, expected, source.uri(name))


def _save_line(write: Callable[[bytes], int], line: bytes, expected: int, where: str) -> int:
    try:
        seq, _ = unframe(line)
    except BadLine as error:
        raise MachineError(f"A journal segment in the store is damaged: {error}.", where=where) from error
    if seq < expected:
        return 0  # a segment that was shipped twice, the second time longer
    if seq > expected:
        raise MachineError(f"Events {expected} to {seq - 1} are missing in the store.", where=where)
    write(line)
    return 1
