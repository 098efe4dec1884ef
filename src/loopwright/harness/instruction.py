"""A task that is only an instruction: a text file, without tests."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from loopwright.base import UsageError
from loopwright.harness._taskfile import TaskFile, read_task_file

__all__ = ["bare_task_file", "instruction_in", "task_around"]

_MOST_BYTES = 1 << 20


def task_around(file: Path) -> Path | None:
    """The task folder whose instruction `file` is; None where it is an instruction of its own.

    Raises:
        UsageError: It lies in a task folder and is something else there.
    """
    written = file.parent / "task.toml"
    if not written.is_file():
        return None
    named = read_task_file(written).task.instruction
    if file.name == named:
        return file.parent
    raise UsageError(
        f"it lies in a task folder, and is not the instruction there ({named})",
        where=str(file),
        remedy=f"Name the task, {file.parent}, or move the file elsewhere.",
    )


def instruction_in(file: Path) -> tuple[str, str]:
    """The text of an instruction, and its digest (SHA-256 in hex).

    Raises:
        UsageError: The file cannot be read, is no text, is empty or over 1 MiB.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"the instruction cannot be read: {error.strerror}", where=str(file)) from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"the instruction has {len(data)} bytes, more than {_MOST_BYTES}", where=str(file))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"not UTF-8: {error}", where=str(file), remedy="Write the instruction as text.") from None
    if "\0" in text:
        raise UsageError("it holds NUL bytes, so it is no text", where=str(file), remedy="Name a text file.")
    if not text.strip():
        raise UsageError("the instruction is empty", where=str(file), remedy="Write what the agent is asked to do.")
    return text, hashlib.sha256(data).hexdigest()


def bare_task_file(file: Path) -> TaskFile:
    """The settings of a task that has none: every default, and a name made of the file's."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", file.stem).strip("_.-") or "task"
    return TaskFile.model_validate({"task": {"name": name}})
