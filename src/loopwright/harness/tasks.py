"""Tasks: an instruction, starting files and a harness in one folder, checked when it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from loopwright.base import UsageError, nearest
from loopwright.harness._digest import folder_digest
from loopwright.harness._listing import Declared, list_tests
from loopwright.harness._taskfile import TaskFile, read_task_file
from loopwright.harness.instruction import bare_task_file, instruction_in, task_around
from loopwright.record.events import Limits

__all__ = ["LOADERS", "Loader", "Task", "load_task"]


class Task(Struct, frozen=True):
    """A task that is ready to be graded; one that is only an instruction has no suites, and is never graded.

    Attributes:
        folder: The task folder; of a task that is only an instruction, its file.
        digest: SHA-256 in hex over all files of the folder, names and contents.
        tests: Every declared test, in the order of declaration.
        suites: The full number of tests of each suite.
        visible: Suites that the agent may run and see.
        hidden: Suites that are graded only at the end.
        outputs: Globs that are deleted from the fresh copy before setup.
        ignore: Patterns of files of the workspace that are never checkpointed.
        test_seconds: Time limit of a test that does not set its own.
        parallel: How many tests run at once; 0 is one for each core.
        limits: Default limits of a run of this task.
    """

    name: str
    folder: Path
    digest: str
    description: str
    version: str
    instruction: str
    tests: tuple[Declared, ...]
    suites: dict[str, int]
    visible: tuple[str, ...]
    hidden: tuple[str, ...]
    outputs: tuple[str, ...]
    ignore: tuple[str, ...]
    build_seconds: float
    build_memory_mb: int
    test_seconds: float
    parallel: int
    memory_mb: int
    processes: int
    output_kb: int
    limits: Limits

    @property
    def files(self) -> Path:
        """The folder of starting files; it may be absent."""
        return self.folder / "files"

    @property
    def environment(self) -> Path:
        """The file that declares the suites."""
        return self.folder / "environment.py"


class Loader(NamedTuple):
    """One kind of task folder: `recognises` looks at it cheaply, `load` reads it."""

    recognises: Callable[[Path], bool]
    load: Callable[[Path], Task]


def load_task(path: Path) -> Task:
    """Load a task folder, named itself or by the file of its instruction; or a text file as a task without tests.

    The tests are listed in a process of its own.

    Raises:
        UsageError: It is no task, or something in it is wrong; says where and what to do.
    """
    folder = path.absolute()
    if folder.is_file():
        around = task_around(folder)
        if around is None:
            return _load_bare(folder)
        folder = around
    if not folder.is_dir():
        raise UsageError("there is no such task folder", where=str(path), remedy=_similar(folder))
    for loader in LOADERS.values():
        if loader.recognises(folder):
            return loader.load(folder)
    return LOADERS["loopwright"].load(folder)  # whose errors say what is missing


def _similar(folder: Path) -> str:
    if not folder.parent.is_dir():
        return f"The folder {folder.parent} does not exist either."
    close = nearest(folder.name, [entry.name for entry in folder.parent.iterdir() if entry.is_dir()])
    return f"Did you mean {folder.parent / close}?" if close else "Name a folder that holds a task.toml."


def _is_own(folder: Path) -> bool:
    return (folder / "task.toml").is_file() and (folder / "environment.py").is_file()


def _load_own(folder: Path) -> Task:
    file = read_task_file(folder / "task.toml")
    instruction = _instruction(folder / file.task.instruction)
    if not (folder / "environment.py").is_file():
        raise UsageError(
            "there is no environment.py", where=str(folder), remedy="It declares the suites; see docs/tasks.md."
        )
    if (folder / "files").exists() and not (folder / "files").is_dir():
        raise UsageError("it has to be a folder", where=str(folder / "files"))
    digest = folder_digest(folder)
    return _made(folder, file, instruction, digest, list_tests(folder / "environment.py"))


def _load_bare(path: Path) -> Task:
    instruction, digest = instruction_in(path)
    return _made(path, bare_task_file(path), instruction, digest, ())


def _made(folder: Path, file: TaskFile, instruction: str, digest: str, tests: tuple[Declared, ...]) -> Task:
    suites: dict[str, int] = {}
    for test in tests:
        suites[test.suite] = suites.get(test.suite, 0) + 1
    visible, hidden = _split(folder / "task.toml", file, list(suites))
    return Task(
        name=file.task.name,
        folder=folder,
        digest=digest,
        description=file.task.description,
        version=file.task.version,
        instruction=instruction,
        tests=tests,
        suites=suites,
        visible=visible,
        hidden=hidden,
        outputs=tuple(file.build.outputs),
        ignore=tuple(file.workspace.ignore),
        build_seconds=file.build.timeout_seconds,
        build_memory_mb=file.build.memory_mb,
        test_seconds=file.tests.timeout_seconds,
        parallel=file.tests.parallel,
        memory_mb=file.limits.memory_mb,
        processes=file.limits.processes,
        output_kb=file.limits.output_kb,
        limits=Limits(**file.agent.model_dump()),
    )


def _instruction(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path.name}", where=str(path.parent), remedy="It is what the agent is asked to do."
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"not UTF-8: {error}", where=str(path)) from None
    if not text.strip():
        raise UsageError("the instruction is empty", where=str(path), remedy="Write what the agent is asked to do.")
    return text


def _split(path: Path, file: TaskFile, suites: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    hidden = file.tests.hidden
    visible = [name for name in suites if name not in hidden] if file.tests.visible is None else file.tests.visible
    for name in [*visible, *hidden]:
        if name not in suites:
            close = nearest(name, suites)
            remedy = f"Did you mean {close!r}?" if close else f"Suites: {', '.join(suites)}."
            raise UsageError(f"[tests] names the suite {name!r}, which is not declared", where=str(path), remedy=remedy)
        if name in visible and name in hidden:
            raise UsageError(f"the suite {name!r} is both visible and hidden", where=str(path))
    for name in suites:
        if name not in visible and name not in hidden:
            raise UsageError(
                f"the suite {name!r} is neither visible nor hidden", where=str(path), remedy="Add it to one of them."
            )
    in_order = [name for name in suites if name in visible]
    return tuple(in_order), tuple(name for name in suites if name in hidden)


LOADERS: dict[str, Loader] = {"loopwright": Loader(_is_own, _load_own)}
"""Kinds of task folders, by name; another format is one more entry."""
