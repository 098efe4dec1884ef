"""The program that runs a task's tests inside the grading sandbox: `python -I -S .../_runner.py`.

It reads one JSON object from standard input and writes one JSON object a line to what was its standard output:
`plan`, then `setup`, one `test` for each test as it ends, `teardown` and `end`; or `broken`. What the task's code
prints goes elsewhere and cannot mix with these. Standard library only.
"""

from __future__ import annotations

import gc
import json
import os
import sys

# As a script: the folder that holds the package `loopwright`, after the standard library and nothing else.
if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from loopwright.harness import _declare, _linux
from loopwright.harness._context import context
from loopwright.harness._fork import Child, traceback_tail
from loopwright.harness._pool import run_one, run_pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loopwright.harness._declare import Case
    from loopwright.harness._fork import Child as ChildType

__all__ = ["main"]

_TEARDOWN_SECONDS = 60.0


class _Channel:
    """The pipe to the host, kept away from everything that the task's code may print to."""

    def __init__(self) -> None:
        self._fd = os.dup(1)  # not inheritable; each test's process closes it
        os.dup2(2, 1)

    def send(self, kind: str, **values: Any) -> None:
        data = json.dumps({"type": kind} | values).encode() + b"\n"
        while data:
            data = data[os.write(self._fd, data) :]


def main() -> int:
    """Do what standard input asks for; 0 where it was done, 1 where environment.py is broken."""
    request = json.load(sys.stdin)
    channel = _Channel()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if request["mode"] == "list":  # outside a sandbox, which would set its own limits
        _limit(request["memory_bytes"])
    try:
        cases = _load(request["environment"])
    # The task's file may raise anything, SystemExit included; it is reported, whatever it is.
    except BaseException as failure:  # noqa: BLE001
        channel.send("broken", error=_reason(failure), where=_place(failure, request["environment"]))
        return 1
    channel.send("plan", tests=[[case.id, case.suite, case.timeout] for case in cases])
    if request["mode"] == "grade":
        _grade(request, channel, cases)
    return 0


def _limit(memory_bytes: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load(path: str) -> list[Case]:
    import types

    sys.dont_write_bytecode = True  # the task's folder is not ours to write in
    sys.path.append(os.path.dirname(path))  # noqa: PTH120 - helper modules beside environment.py
    module = types.ModuleType("environment")
    module.__file__ = path
    sys.modules["environment"] = module
    with open(path, "rb") as file:  # noqa: PTH123
        code = compile(file.read(), path, "exec", dont_inherit=True)
    exec(code, module.__dict__)
    return _declare.declared.cases()


def _reason(failure: BaseException) -> str:
    if isinstance(failure, _declare.DeclarationError):
        return str(failure)
    return traceback_tail(failure)


def _place(failure: BaseException, path: str) -> str:
    line = failure.lineno if isinstance(failure, SyntaxError) and failure.filename == path else None
    trace = failure.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}" if line else path


def _grade(request: dict[str, Any], channel: _Channel, cases: list[Case]) -> None:
    _prepare(request)
    built = _hook(request, channel, "setup", _declare.declared.setup, request["build_seconds"])
    count = 0

    def done(name: str, result: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        channel.send("test", id=name, **result)

    if built:
        run_pool(_jobs(request, cases), request["parallel"], done)
    _hook(request, channel, "teardown", _declare.declared.teardown, _TEARDOWN_SECONDS)
    channel.send("end", count=count)


def _prepare(request: dict[str, Any]) -> None:
    # Imported once here rather than in each of a thousand forks.
    import pathlib
    import shutil
    import traceback

    from loopwright.harness import _programs
    from loopwright.sandbox import cell

    del pathlib, shutil, traceback, _programs, cell
    _linux.adopt_orphans()
    _linux.seal()
    context.workspace = request["workspace"]
    context.hidden = tuple(request["hidden"])
    context.isolated = request["isolated"]
    context.memory_mb = request["memory_mb"]
    context.processes = request["processes"]
    context.output_kb = request["output_kb"]
    context.build_memory_mb = request["build_memory_mb"]
    os.makedirs(request["cases"], exist_ok=True)  # noqa: PTH103 - plain strings in this file
    gc.collect()
    gc.freeze()  # so that a fork does not touch, and thereby copy, every page


def _hook(
    request: dict[str, Any], channel: _Channel, name: Any, function: Callable[[], object] | None, seconds: float
) -> bool:
    if function is None:
        return True
    folder = f"{request['cases']}/{name}"
    result = run_one(lambda: Child(name, folder, seconds, function))
    channel.send(name, **result)
    return bool(result["status"] in ("passed", "skipped"))


def _jobs(request: dict[str, Any], cases: list[Case]) -> Iterator[tuple[str, Callable[[], ChildType]]]:
    wanted = set(request["tests"])
    for number, case in enumerate(cases, start=1):
        if case.id in wanted:
            yield case.id, _starter(case, f"{request['cases']}/{number}", case.timeout or request["test_seconds"])


def _starter(case: Case, folder: str, seconds: float) -> Callable[[], ChildType]:
    return lambda: Child("test", folder, seconds, lambda: case.body(**case.params))


if __name__ == "__main__":
    sys.exit(main())
