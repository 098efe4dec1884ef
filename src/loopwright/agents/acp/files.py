"""Reading and writing files for an ACP agent, by programs inside a sandbox: no link leads further than it sees."""

from __future__ import annotations

from loopwright.base import UsageError, one_line
from loopwright.sandbox import Command, Outcome, ResourceLimits, Sandbox

__all__ = ["read_text", "write_text"]

_MOST_BYTES = 16 << 20
_OUTSIDE = 77
_LIMITS = ResourceLimits(wall_seconds=60.0, output_bytes=_MOST_BYTES)

# $1 is the workspace, $2 the file. `realpath -m` allows for a file that is not there yet.
_CHECK = """root=$(realpath -- "$1") && file=$(realpath -m -- "$2") || exit 1
case $file in "$root"/*) ;; *) exit 77 ;; esac
"""
_READ = _CHECK + '[ -f "$file" ] || { echo "there is no such file" >&2; exit 1; }\nexec cat -- "$file"'
_WRITE = _CHECK + 'mkdir -p -- "${file%/*}" && exec cat > "$file"'


async def read_text(sandbox: Sandbox, root: str, path: str, line: int | None, limit: int | None) -> str:
    """The text of a file; bytes that are not UTF-8 become U+FFFD.

    Args:
        root: The workspace as the agent sees it; the file has to be below it.
        line: The first line wanted, from 1.
        limit: How many lines are wanted.

    Raises:
        UsageError: There is no such file in the workspace, or it is larger than 16 MiB.
    """
    outcome = await _run(sandbox, _READ, root, path)
    if outcome.truncated:
        raise UsageError(f"{path} is larger than {_MOST_BYTES >> 20} MiB")
    text = outcome.stdout.decode("utf-8", "replace")
    if line is None and limit is None:
        return text
    first = max((line or 1) - 1, 0)
    return "".join(text.splitlines(keepends=True)[first : None if limit is None else first + limit])


async def write_text(sandbox: Sandbox, root: str, path: str, text: str) -> None:
    """Write a whole file of the workspace, and make its folders.

    Raises:
        UsageError: It is outside of the workspace, or cannot be written.
    """
    await _run(sandbox, _WRITE, root, path, text.encode("utf-8", "replace"))


async def _run(sandbox: Sandbox, script: str, root: str, path: str, data: bytes = b"") -> Outcome:
    if "\0" in path:
        raise UsageError("a path cannot hold a NUL byte")
    outcome = await sandbox.run(Command(("sh", "-c", script, "sh", root, path), stdin=data, limits=_LIMITS))
    if outcome.exit_code == _OUTSIDE:
        raise UsageError(f"{one_line(path)} is outside of the workspace")
    if outcome.exit_code != 0:
        why = one_line(outcome.stderr.decode("utf-8", "replace")) or f"exit code {outcome.exit_code}"
        raise UsageError(f"{one_line(path)}: {why}")
    return outcome
