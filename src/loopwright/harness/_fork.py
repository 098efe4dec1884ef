"""One test in a process of its own: forked from the runner, heard over a pipe, killed with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time

from loopwright.harness._context import context
from loopwright.harness._linux import adopt_orphans, first_to_be_killed
from loopwright.harness._outcomes import Failure, Skipped, capped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from loopwright.harness._context import Phase

__all__ = ["Child", "traceback_tail"]

_REPORT_LIMIT = 1 << 20
_PRINT_LIMIT = 64 << 20
_PRINT_TAIL = 2048
_REPORT_FD = 3
_STATUSES = ("passed", "failed", "error", "timeout", "skipped")
_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + "/"  # noqa: PTH100, PTH120


class Child:
    """A forked process that runs one function and reports how it ended.

    Args:
        phase: What the process is for; decides what programs may write.
        folder: Its case folder; made when first asked for.
        seconds: Its time limit.
        body: What to call in it.
    """

    def __init__(self, phase: Phase, folder: str, seconds: float, body: Callable[[], object]) -> None:
        self.folder = folder
        self.seconds = seconds
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.timed_out = False
        self.flooded = False
        self._report = bytearray()
        self._printed = bytearray()
        self._printed_bytes = 0
        self._report_fd, report = os.pipe()
        self._print_fd, printed = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _child_main(phase, folder, body, report, printed)
        os.close(report)
        os.close(printed)
        os.set_blocking(self._report_fd, False)
        os.set_blocking(self._print_fd, False)
        self._exit_fd = os.pidfd_open(self.pid)
        self.files: tuple[int, ...] = (self._exit_fd, self._report_fd, self._print_fd)

    def on_ready(self, fd: int) -> bool:
        """Take what `fd` offers. True once the process has ended."""
        if fd == self._exit_fd:
            return True
        self._drain(fd)
        return False

    def close_file(self, fd: int, poll: select.poll) -> None:
        """Stop listening to a pipe whose writers are gone."""
        poll.unregister(fd)
        self.files = tuple(each for each in self.files if each != fd)
        os.close(fd)

    def kill(self) -> None:
        """Kill the process and its group; what left the group is killed as an orphan afterwards."""
        for end in (os.kill, os.killpg):
            with contextlib.suppress(ProcessLookupError):  # it ended, or has no group yet
                end(self.pid, signal.SIGKILL)

    def finish(self, poll: select.poll) -> dict[str, Any]:
        """Reap the ended process and give its result: `status`, `message`, `duration_ms` and texts."""
        duration = time.monotonic() - self.started
        self.kill()
        _, wait_status = os.waitpid(self.pid, 0)
        for fd in self.files:
            if fd != self._exit_fd:
                self._drain(fd)
            poll.unregister(fd)
            os.close(fd)
        result = self._result(os.waitstatus_to_exitcode(wait_status))
        result["duration_ms"] = round(duration * 1000)
        return result

    def _drain(self, fd: int) -> None:
        # Bounded: a process that was not killed yet could write faster than we read.
        for _ in range(64):
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                return
            if not data:
                return
            self._take(fd, data)

    def _take(self, fd: int, data: bytes) -> None:
        if fd == self._report_fd:
            self._report += data
            self.flooded |= len(self._report) > _REPORT_LIMIT
        else:
            self._printed_bytes += len(data)
            self._printed = (self._printed + data)[-_PRINT_TAIL:]
            self.flooded |= self._printed_bytes > _PRINT_LIMIT
        if self.flooded:
            self.kill()

    def _result(self, exit_code: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for line in bytes(self._report).split(b"\n"):
            if line:
                result.update(_known_values(line))
        if self.flooded:
            result |= {"status": "error", "message": "the test printed without end and was killed"}
        elif self.timed_out and "status" not in result:
            result |= {"status": "timeout", "message": f"did not end within {self.seconds:g} s"}
        elif "status" not in result:
            how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
            result |= {"status": "error", "message": f"the test's process ended with {how} and no result"}
        result.setdefault("message", "")
        if result["status"] == "passed":  # what a passed test described is of no use, a thousand times over
            result = {name: result[name] for name in result if name in ("status", "message", "slow")}
        if self._printed and result["status"] not in ("passed", "skipped"):
            shown = bytes(self._printed).decode("utf-8", "replace").strip()
            result["message"] = capped(f"{result['message']}\nprinted by the test:\n{shown}")
        return result


def _known_values(line: bytes) -> dict[str, Any]:
    # A torn or foreign line is no result; the missing status tells.
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(value, dict) or value.get("status", "passed") not in _STATUSES:
        return {}
    known = {name: capped(value[name]) for name in ("message", "expected", "actual", "input") if name in value}
    if "status" in value:
        known["status"] = value["status"]
    return known | ({"slow": True} if value.get("slow") else {})


def _child_main(phase: Phase, folder: str, body: Callable[[], object], report: int, printed: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        _own_files(report, printed)
        first_to_be_killed()
        # So that orphans reach the runner only when their test has ended, and none is taken for another test's.
        adopt_orphans()
        context.phase, context.folder, context.saw_timeout = phase, folder, False
        context.note = lambda values: _send(_REPORT_FD, values)
        _send(_REPORT_FD, _verdict(body))
        sys.stdout.flush()
        sys.stderr.flush()
        code = 0
    finally:
        # Never back into the runner's code, whatever happened.
        os._exit(code)


def _own_files(report: int, printed: int) -> None:
    """Keep nothing of the runner's open: 0 is empty, 1 and 2 are captured, 3 is the report. Both pipes are above 2."""
    for place in (1, 2):
        os.dup2(printed, place)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(report, _REPORT_FD, inheritable=False)
    os.closerange(_REPORT_FD + 1, 4096)


def _send(fd: int, values: dict[str, Any]) -> None:
    data = json.dumps(values).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]


def _verdict(body: Callable[[], object]) -> dict[str, Any]:
    try:
        body()
    except Skipped as reason:
        return {"status": "skipped", "message": capped(str(reason))}
    except Failure as failure:
        return _failed(failure)
    except AssertionError as failure:
        return {"status": "failed", "message": capped(str(failure) or traceback_tail(failure)), **_doubt()}
    # A test may raise anything, SystemExit included; it is this test's result.
    except BaseException as failure:  # noqa: BLE001
        return {"status": "error", "message": traceback_tail(failure)}
    return {"status": "passed", "message": "", **_doubt()}


def _failed(failure: Failure) -> dict[str, Any]:
    values: dict[str, Any] = {"status": "timeout" if failure.timed_out else "failed"}
    values["message"] = capped(str(failure))
    for name in ("expected", "actual", "input"):
        text = capped(getattr(failure, name))
        if text:
            values[name] = text
    return values | _doubt()


def _doubt() -> dict[str, Any]:
    # A program that ran out of time might not on another day: such a result is not kept for later.
    return {"slow": True} if context.saw_timeout else {}


def traceback_tail(failure: BaseException, lines: int = 6) -> str:
    """The last lines of a traceback, from the first frame that is not the harness's own."""
    import traceback

    trace = failure.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        trace = trace.tb_next
    # Formatting takes 5 s for a million frames, finding the last ones takes none.
    start = end = trace
    for _ in range(lines):
        end = end.tb_next if end else None
    while start is not None and end is not None:
        start, end = start.tb_next, end.tb_next
    text = "".join(traceback.format_exception(type(failure), failure, start)).rstrip().split("\n")
    return capped("\n".join(text[-lines:]))
