"""The models that a version of Codex knows, as it tells itself; asked once for each version."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from loopwright.agents.launching import Place
from loopwright.agents.programs import Program
from loopwright.base import atomic_write
from loopwright.sandbox import Command, ResourceLimits

__all__ = ["read_models"]

_MOST_BYTES = 16 << 20


async def read_models(place: Place, argv: tuple[str, ...], program: Program, cache: Path | None) -> Any:
    """What `codex debug models --bundled` prints, decoded; None where this version does not tell.

    Starting Codex for it takes as long as a reply of a quick model, so a run keeps the answer in `cache` for the runs
    after it, as long as the program's file stays as it is.

    Raises:
        MachineError: The sandbox could not be started.
    """
    kept = None if cache is None else cache / f"codex-models-{_stamp(program)}.json"
    if kept is not None and (known := _decoded(_read(kept))) is not None:
        return known
    limits = ResourceLimits(wall_seconds=60, output_bytes=_MOST_BYTES)
    told = await place.sandbox.run(Command((*argv, "debug", "models", "--bundled"), limits=limits))
    known = _decoded(told.stdout) if told.exit_code == 0 else None
    if kept is not None and known is not None:
        _keep(kept, told.stdout)
    return known


def _stamp(program: Program) -> str:
    facts = program.path.stat()
    told = f"{program.version} {program.path} {facts.st_size} {facts.st_mtime_ns}"
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _keep(file: Path, content: bytes) -> None:
    """Keep it where that is possible; the next run asks again where it is not."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, content)
    except OSError:
        return


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
