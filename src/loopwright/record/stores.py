"""Where runs are kept beyond this machine: a folder, or a bucket.

A backend is one file with a function `open(spec) -> Store` and one line in `_BACKENDS`; another package can add one
through the entry point group `loopwright.stores`, named by its scheme.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

from loopwright.base import MachineError, UsageError, nearest

__all__ = ["MissingKey", "Store", "open_store", "run_key"]

_BACKENDS = {
    "file": "loopwright.record._store_file",
    "s3": "loopwright.record._store_s3",
}


class MissingKey(MachineError):
    """The store has no object of this name."""


class Store(Protocol):
    """Objects by key. Keys are relative, with forward slashes. Every method may be called from any thread.

    All methods raise `MachineError` where the store cannot be reached or refuses.
    """

    def put(self, key: str, data: bytes) -> None:
        """Create or replace an object in one step."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """Create or replace an object with the content of a file of any size."""
        ...

    def get(self, key: str) -> bytes:
        """The content of an object. Raises `MissingKey` where there is none."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def list(self, prefix: str) -> list[str]:
        """The keys of all objects below a folder-like prefix, sorted."""
        ...

    def uri(self, key: str) -> str:
        """The address of an object, for people."""
        ...

    def check(self) -> None:
        """Write and remove a small object, to find out before a run whether the store can be used."""
        ...


def open_store(spec: str) -> Store:
    """The store that `spec` names: a folder, `file:///folder` or `s3://bucket/prefix`. Nothing is contacted yet.

    Raises:
        UsageError: The scheme is not known, or the rest does not fit it.
        MachineError: The environment lacks what the store needs (keys).
    """
    if not spec:
        raise UsageError("The store has no name.", remedy="Give a folder or `s3://bucket/prefix`.")
    scheme, separator, _ = spec.partition("://")
    return _backend(scheme.lower() if separator else "file")(spec)


def run_key(trajectory_id: str, name: str = "") -> str:
    """The key of a run's object, e.g. `trajectories/<id>/agent_trace.json`."""
    return f"trajectories/{trajectory_id}/{name}"


def _backend(scheme: str) -> Callable[[str], Store]:
    if scheme in _BACKENDS:
        return cast(Callable[[str], Store], import_module(_BACKENDS[scheme]).open)
    plugins = {point.name: point for point in entry_points(group="loopwright.stores")}
    if scheme in plugins:
        return cast(Callable[[str], Store], plugins[scheme].load())
    known = sorted([*_BACKENDS, *plugins])
    near = nearest(scheme, known)
    hint = f"Did you mean `{near}://`?" if near else "Give a folder, or one of: " + ", ".join(f"{n}://" for n in known)
    raise UsageError(f"There is no store of the kind `{scheme}://`.", remedy=hint)
