"""run_shell: one command in the sandbox, from start to end."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from loopwright.runtime.calls import Outcome
from loopwright.runtime.tools.context import ToolContext
from loopwright.sandbox import Command
from loopwright.sandbox import Outcome as Ended

__all__ = ["run_in_sandbox", "run_shell"]

_MOST_SECONDS = 1800.0
# One stream, so that output and errors stay in the order in which they were printed.
_MERGE = 'exec bash -c "$1" 2>&1'
# The kernel takes no argument over 128 KiB, and models write whole files by here-documents.
_LONG = 100_000
_FROM_INPUT = 'exec 2>&1; eval "$(cat)"'


async def run_in_sandbox(context: ToolContext, command: str, seconds: float) -> Ended:
    """Run a bash command in the agent's sandbox; standard error is merged into standard output."""
    limits = structs.replace(context.limits, wall_seconds=seconds)
    data = command.encode("utf-8", "replace")
    if len(data) > _LONG:
        return await context.agent.sandbox.run(Command(("bash", "-c", _FROM_INPUT), stdin=data, limits=limits))
    return await context.agent.sandbox.run(Command(("bash", "-c", _MERGE, "bash", command), limits=limits))


async def run_shell(context: ToolContext, arguments: dict[str, Any], call_id: str) -> Outcome:
    """Run a command and report its output and exit code."""
    usual = context.limits.wall_seconds or _MOST_SECONDS
    seconds = float(min(max(arguments.get("timeout", usual), 1), _MOST_SECONDS))
    ended = await run_in_sandbox(context, arguments["command"], seconds)
    output = ended.stdout.decode("utf-8", "replace")
    if ended.truncated:
        output += f"\n[{ended.stdout_bytes} bytes were printed; the middle was not kept]"
    if ended.timed_out:
        text = f"{output}\n[killed after {seconds:.0f} s, with everything that it had started]"
        return Outcome(text, "timeout", may_change_files=True)
    if ended.signal is not None:
        return Outcome(f"{output}\n[ended by signal {ended.signal}]", "failed", may_change_files=True)
    code = "" if ended.exit_code == 0 else f"[exit code {ended.exit_code}]"
    text = "\n".join(piece for piece in (output.rstrip("\n"), code) if piece) or "(no output)"
    return Outcome(
        text, "completed" if ended.exit_code == 0 else "failed", exit_code=ended.exit_code, may_change_files=True
    )
