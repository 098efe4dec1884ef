"""A store in a folder (which may be a mounted network disk)."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from loopwright.base import MachineError, UsageError, atomic_write
from loopwright.record.stores import MissingKey

__all__ = ["FileStore", "open"]


def open(spec: str) -> FileStore:
    """The store in the folder that a path or `file://` address names.

    Raises:
        UsageError: The address names another machine or no folder.
    """
    if not spec.startswith("file://"):
        return FileStore(Path(spec).expanduser().absolute())
    parts = urlsplit(spec)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise UsageError(f"{spec!r} does not name a folder.", remedy="Write three slashes: `file:///path/of/folder`.")
    return FileStore(Path(unquote(parts.path)))


class FileStore:
    """Objects are files below one folder; each appears in one step and survives a power cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, key: str, data: bytes) -> None:
        """Create or replace an object in one step."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, data, durable=True)
        except OSError as error:
            raise _store_error(error, "write to the store", path) from error

    def put_file(self, key: str, path: Path) -> None:
        """Create or replace an object with the content of a file of any size."""
        target = self._path(key)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            raise _store_error(error, "write to the store", target) from error
        finally:
            with suppress(OSError):  # the store itself may be gone: what went wrong is said above
                temporary.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """The content of an object."""
        path = self._path(key)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise MissingKey("The store has no such object.", where=str(path)) from error
        except OSError as error:
            raise _store_error(error, "read from the store", path) from error

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        path = self._path(key)
        try:
            return path.is_file()
        except OSError as error:
            raise _store_error(error, "read from the store", path) from error

    def list(self, prefix: str) -> list[str]:
        """The keys below a folder, sorted; files that are being written are left out."""
        start = self._path(prefix) if prefix.strip("/") else self.folder
        found = []
        for folder, _, names in os.walk(start, onerror=_unless_absent):
            relative = Path(folder).relative_to(self.folder)
            found += [(relative / name).as_posix() for name in names if not name.startswith(".")]
        return sorted(found)

    def uri(self, key: str) -> str:
        """The `file://` address of an object."""
        return self._path(key).as_uri()

    def check(self) -> None:
        """Find out whether the folder can be written to."""
        probe = self.folder / f".check-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise MachineError(
                f"The store cannot be written to: {reason}.",
                where=str(self.folder),
                remedy="Give another folder with `--store`.",
            ) from error

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts or "\0" in key:
            raise UsageError(f"{key[:80]!r} is not the key of an object.")
        return self.folder.joinpath(*parts)


def _unless_absent(error: OSError) -> None:
    # A folder that is not there has no objects; one that cannot be read must not look like an empty one.
    if not isinstance(error, FileNotFoundError):
        raise _store_error(error, "read from the store", Path(error.filename)) from error


def _store_error(error: OSError, doing: str, where: Path) -> MachineError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return MachineError(
        f"Cannot {doing}: {reason}.", where=str(where), remedy="Is its disk there, writable, and not full?"
    )
