"""How the ending of a program is reported by what stands between it and us; standard library only.

bwrap reports a signal N as exit code 128 + N, which a program may also return by itself. So a shell stays beside the
program. On its own standard error it says "ok" when it is about to start the program and "end" as its last word;
between them a shell says something where a signal ended the program ("Killed"), and nothing where it exited. Only for
SIGINT and SIGPIPE some shells are silent: those two are reported as exit codes 130 and 141. The guard keeps to the
same words.
"""

from __future__ import annotations

import signal

__all__ = [
    "GATE",
    "INFO",
    "OPTIONS",
    "PLAIN_SCRIPT",
    "REPORTING_SCRIPT",
    "SECCOMP",
    "STDERR",
    "NotStarted",
    "explain",
    "has_started",
]

# Descriptors of a started helper: bwrap's info, its filter, its options, the program's own standard error, and a gate:
# after "ok" nothing goes on until we have set limits and written a line; if we are dead, it never does.
INFO, SECCOMP, OPTIONS, STDERR, GATE = 4, 5, 6, 7, 8
_WAIT = "echo ok >&2; read gate <&8 || exit 125; "
# In a subshell: some shells report through the redirected standard error of a simple command.
REPORTING_SCRIPT = _WAIT + '( exec "$@" 2>&7 7>&- 8<&- ); code=$?; echo end >&2; exit $code'
PLAIN_SCRIPT = _WAIT + 'exec "$@" 2>&7 7>&- 8<&-'

_SILENT = (128 + signal.SIGINT, 128 + signal.SIGPIPE)


class NotStarted(Exception):
    """The program was never started; says why in one line."""


def has_started(words: bytes) -> bool:
    """Whether the report so far says that the program was about to start."""
    return words.startswith(b"ok\n") or b"\nok\n" in words


def explain(code: int, words: bytes) -> tuple[int | None, int | None]:
    """Split a process's end into (exit code, signal), one of which is None.

    Args:
        code: The helper's own, as `os.waitstatus_to_exitcode` gives it.
        words: All of its report.

    Raises:
        NotStarted: The program never ran.
    """
    if code < 0:
        return None, -code
    before, found, after = (b"\n" + words).partition(b"\nok\n")
    if not found or b"fork" in after:
        reason = " ".join((after if found else before).decode("utf-8", "replace").split())
        raise NotStarted(reason[:600] or f"its helper ended with exit code {code}")
    words_about_end, reported, _ = after.partition(b"end\n")
    # Without "end" the reporter was killed with the program (by the kernel, or by the program).
    signalled = bool(words_about_end and code not in _SILENT) or not reported
    if signalled and code > 128:
        return None, code - 128
    return code, None
