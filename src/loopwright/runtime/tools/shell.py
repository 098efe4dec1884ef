"""run_shell: one command in the sandbox, from start to end."""

from __future__ import annotations

from typing import Any

from loopwright.agents.protocol import AgentContext
from loopwright.runtime.tools.toolbox import ToolResult, ToolStatus
from loopwright.sandbox import Command, Outcome, ResourceLimits

__all__ = ["run_in_sandbox", "run_shell"]

_SECONDS = 120.0
_MOST_SECONDS = 1800.0
# One stream, so that output and errors stay in the order in which they were printed.
_MERGE = 'exec bash -c "$1" 2>&1'


async def run_in_sandbox(context: AgentContext, command: str, seconds: float) -> Outcome:
    """Run a bash command in the agent's sandbox; standard error is merged into standard output."""
    return await context.sandbox.run(
        Command(("bash", "-c", _MERGE, "bash", command), limits=ResourceLimits(wall_seconds=seconds))
    )


async def run_shell(context: AgentContext, arguments: dict[str, Any], call_id: str) -> ToolResult:
    """Run a command and report its output and exit code."""
    seconds = float(min(max(arguments.get("timeout", _SECONDS), 1), _MOST_SECONDS))
    outcome = await run_in_sandbox(context, arguments["command"], seconds)
    output = outcome.stdout.decode("utf-8", "replace")
    if outcome.truncated:
        output += f"\n[{outcome.stdout_bytes} bytes were printed; the middle was not kept]"
    if outcome.timed_out:
        text = f"{output}\n[killed after {seconds:.0f} s, with everything that it had started]"
        return ToolResult(text, "timeout", may_change_files=True)
    if outcome.signal is not None:
        return ToolResult(f"{output}\n[ended by signal {outcome.signal}]", "failed", may_change_files=True)
    ended = "" if outcome.exit_code == 0 else f"[exit code {outcome.exit_code}]"
    text = "\n".join(piece for piece in (output.rstrip("\n"), ended) if piece) or "(no output)"
    status: ToolStatus = "completed" if outcome.exit_code == 0 else "failed"
    return ToolResult(text, status, exit_code=outcome.exit_code, may_change_files=True)
