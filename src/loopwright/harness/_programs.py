"""Running the submission's programs: each in a cell that sees the workspace, its case folder, and little else."""

from __future__ import annotations

import os

from loopwright.harness._context import case_folder, context
from loopwright.harness._outcomes import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Completed", "rejected", "run"]

# Compilers and linkers of big languages are greedier than the programs that they make.
_BUILD_PROCESSES = 512
_BUILD_FILE_BYTES = 4 << 30
_FILE_BYTES = 256 << 20
# Beginnings of lines by which a program says that it broke, rather than that its input is wrong.
_BREAKDOWNS = (
    b"Traceback (most recent call last)",
    b"Exception in thread ",
    b"panic: ",
    b"fatal error: all goroutines",
)


class Completed:
    """How a program ended.

    Attributes:
        argv: What was run.
        exit_code: 0..255; None where a signal ended it or it timed out.
        signal: The signal that ended it, or None.
        timed_out: Whether it was killed for taking too long, by the clock or by its processor time.
        stdout, stderr: What it printed, up to the output limit each.
        stdout_truncated, stderr_truncated: Whether it printed more.
        duration_ms: Wall time.
    """

    __slots__ = (
        "argv",
        "duration_ms",
        "exit_code",
        "signal",
        "stderr",
        "stderr_truncated",
        "stdout",
        "stdout_truncated",
        "timed_out",
    )

    def __init__(
        self,
        argv: tuple[str, ...],
        exit_code: int | None,
        signal: int | None,
        timed_out: bool,
        stdout: bytes,
        stderr: bytes,
        stdout_truncated: bool,
        stderr_truncated: bool,
        duration_ms: int,
    ) -> None:
        self.argv = argv
        self.exit_code = exit_code
        self.signal = signal
        self.timed_out = timed_out
        self.stdout = stdout
        self.stderr = stderr
        self.stdout_truncated = stdout_truncated
        self.stderr_truncated = stderr_truncated
        self.duration_ms = duration_ms

    @property
    def stdout_text(self) -> str:
        """`stdout` as UTF-8, undecodable bytes replaced."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def stderr_text(self) -> str:
        """`stderr` as UTF-8, undecodable bytes replaced."""
        return self.stderr.decode("utf-8", "replace")

    def how_it_ended(self) -> str:
        """One sentence: which program, and how it ended."""
        name = os.path.basename(self.argv[0])  # noqa: PTH119
        if self.timed_out:
            return f"{name} did not end within its time limit"
        if self.signal is not None:
            return f"{name} was ended by {_signal_name(self.signal)}"
        return f"{name} ended with exit code {self.exit_code}"


def _signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def rejected(completed: Completed) -> bool:
    """Whether a program turned its input down properly, rather than breaking on it.

    True only where it exited with 1..125, without a signal or a timeout, printed a diagnostic, and did not print
    the trace of a crash (a Python traceback, a Rust, Go or Java panic).
    """
    if completed.timed_out or completed.signal is not None or completed.exit_code is None:
        return False
    printed = completed.stderr + b"\n" + completed.stdout
    return 1 <= completed.exit_code <= 125 and bool(printed.strip()) and not _broke_down(printed)


def _broke_down(printed: bytes) -> bool:
    return any(
        line.startswith(_BREAKDOWNS) or (line.startswith(b"thread '") and b"panicked at" in line)
        for line in printed.split(b"\n")
    )


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    timeout: float,
    cwd: str | os.PathLike[str] | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    check: bool = False,
    output_limit: int | None = None,
    cpu_seconds: int | None = None,
) -> Completed:
    """Run a program of the submission in a cell of its own and wait for its end.

    The cell has no network, sees the workspace (read-only, but writable during setup), its own case folder (writable)
    and an empty /tmp; it sees neither the tests nor other test's folders nor any process but its own, all of which
    are dead when this returns.

    Args:
        argv: The program and its arguments; no shell. A relative `argv[0]` is relative to `cwd`.
        timeout: Seconds of wall time.
        cwd: Where it starts; by default the workspace during setup and teardown, else the case folder.
        stdin: What it reads.
        env: Added to PATH, HOME (the case folder), LANG and TMPDIR.
        check: Fail, with the end of its output, unless it exits with 0.
        output_limit: Bytes kept of each stream, head and tail; by default `[limits] output_kb`.
        cpu_seconds: Seconds of processor time; a program that uses them up has timed out. Unlike `timeout` it does
            not depend on what else the machine does, so an endless loop is found out early and a slow machine is
            not taken for one.

    Raises:
        Failure: With `check`, where it did not exit with 0.
        RuntimeError: The cell could not be made; or called while environment.py is being loaded.
    """
    words = tuple(os.fspath(word) for word in argv)
    completed = _in_cell(words, timeout, cwd, stdin, env, output_limit, cpu_seconds)
    context.saw_timeout |= completed.timed_out
    if check and completed.exit_code != 0:
        shown = completed.stdout + (b"\n" if completed.stdout and completed.stderr else b"") + completed.stderr
        raise Failure(completed.how_it_ended(), actual=shown, input=" ".join(words), timed_out=completed.timed_out)
    return completed


def _in_cell(
    argv: tuple[str, ...],
    timeout: float,
    cwd: str | os.PathLike[str] | None,
    stdin: bytes,
    env: Mapping[str, str] | None,
    output_limit: int | None,
    cpu_seconds: int | None,
) -> Completed:
    import signal

    from loopwright.sandbox.cell import CellLimits, run_in_cell

    folder = str(case_folder())
    building = context.phase != "test"
    limits = CellLimits(
        wall_seconds=timeout,
        cpu_seconds=cpu_seconds,
        memory_bytes=(context.build_memory_mb if building else context.memory_mb) << 20,
        processes=max(context.processes, _BUILD_PROCESSES) if building else context.processes,
        file_bytes=_BUILD_FILE_BYTES if building else _FILE_BYTES,
        output_bytes=output_limit or context.output_kb << 10,
    )
    outcome = run_in_cell(
        argv,
        writable=[context.workspace, folder] if building else [folder],
        hidden=context.hidden,
        workdir=os.fspath(cwd) if cwd is not None else (context.workspace if building else folder),
        env=_environment(folder) | dict(env or {}),
        stdin=stdin,
        limits=limits,
        isolated=context.isolated,
    )
    used_up = outcome.signal == signal.SIGXCPU
    return Completed(
        argv,
        outcome.exit_code,
        None if used_up else outcome.signal,
        outcome.timed_out or used_up,
        outcome.stdout,
        outcome.stderr,
        outcome.stdout_bytes > len(outcome.stdout),
        outcome.stderr_bytes > len(outcome.stderr),
        outcome.duration_ms,
    )


def _environment(folder: str) -> dict[str, str]:
    # Outside isolation there is no private /tmp.
    temporary = "/tmp" if context.isolated else folder
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": folder, "LANG": "C.UTF-8", "TMPDIR": temporary}
