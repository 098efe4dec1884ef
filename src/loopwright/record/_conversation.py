"""`conversation.md`: the trajectory for a person to read.

Whatever an agent or a program wrote stands in a fence that is longer than any run of backticks inside it, so that
nothing in it can become a heading, a link, an image or HTML of the page around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.base import LoopwrightError, one_line, printable
from loopwright.record._disk import write_file
from loopwright.record.blobs import BlobStore
from loopwright.record.events import Payload
from loopwright.record.rundir import RunDir
from loopwright.record.trace import Trace, TraceGrade, TracePart, TraceTurn

__all__ = ["write_conversation"]

_CLIP_CHARS = 2_000
_PROMPT_CHARS = 20_000
_WRAP = 120
_TICKS = re.compile("`+")


def write_conversation(rundir: RunDir, trace: Trace) -> None:
    """Write `conversation.md`; long results are clipped, and say how much was left out.

    Raises:
        MachineError: The disk is full or not writable.
    """
    page = _Page(BlobStore(rundir.blobs_folder), trace)
    write_file(rundir.conversation, "\n".join(page.lines()).encode())


class _Page:
    def __init__(self, blobs: BlobStore, trace: Trace) -> None:
        self.blobs = blobs
        self.trace = trace
        tools = ((part.part, part.tool) for part in trace.parts if part.part_type == "tool_call")
        self._callers = {tool.call_id: number for number, tool in tools if tool is not None}

    def lines(self) -> Iterator[str]:
        yield from _head(self.trace)
        turns: dict[int, list[TraceTurn]] = {}
        for turn in self.trace.turns:
            turns.setdefault(turn.part_start, []).append(turn)
        grades = _grades_by_part(self.trace)
        yield from self._turns_before(turns, 1)
        yield from self._said_after(0)
        for part in self.trace.parts:
            yield from self._part(part)
            for grade in grades.get(part.part, []):
                yield from _grade(grade)
            yield from self._said_after(part.part)
            yield from self._turns_before(turns, part.part + 1)
        yield from _end(self.trace)

    def _turns_before(self, turns: dict[int, list[TraceTurn]], part: int) -> Iterator[str]:
        for turn in turns.get(part, []):
            yield from (f"## Turn {turn.turn}", "", "Prompt:", "")
            yield from self._fenced(turn.prompt, _PROMPT_CHARS)

    def _said_after(self, part: int) -> Iterator[str]:
        """What people told the agent between this part and the next one."""
        for steered in self.trace.steering:
            if steered.part == part:
                when = "at once" if steered.delivered == "now" else "with the next prompt"
                yield from (f"**Told by {_inline(steered.source)}** ({when}):", "")
                yield from self._fenced(steered.text)

    def _part(self, part: TracePart) -> Iterator[str]:
        yield from (f"### Part {part.part}: {_title(part)}{self._inside(part)}", "")
        if part.content is not None:
            yield from self._fenced(part.content)
        tool = part.tool
        if tool is not None and tool.arguments is not None:
            yield from self._fenced(tool.arguments)
        if tool is not None and tool.result is not None:
            exit_code = "" if tool.exit_code is None else f", exit code {tool.exit_code}"
            yield from (f"Result ({tool.status}{exit_code}):", "")
            yield from self._fenced(tool.result)
        if part.content is None and tool is None:
            yield from _fence(part.summary)
        yield from _checkpoint(part)

    def _inside(self, part: TracePart) -> str:
        """Says that a sub-agent did this, and whose."""
        if part.parent is None:
            return ""
        caller = self._callers.get(part.parent)
        return f" (sub-agent of part {caller})" if caller else " (sub-agent)"

    def _fenced(self, payload: Payload, limit: int = _CLIP_CHARS) -> Iterator[str]:
        try:
            text = _as_text(self.blobs.value(payload))
        except LoopwrightError as error:
            yield from (f"(not readable: {_inline(error.what)})", "")
            text = payload.preview
        yield from _fence(text, limit)


def _head(trace: Trace) -> Iterator[str]:
    scripted = " (scripted: the model's replies were written beforehand)" if trace.scripted else ""
    yield from (f"# Trajectory {trace.trajectory_id}", "")
    yield f"- Task: {_inline(trace.task)}"
    yield f"- Agent: {_inline(trace.agent)} {_inline(trace.agent_version)}"
    yield f"- Model: {_inline(trace.model or trace.agent_model)}{scripted}"
    yield f"- Started: {_inline(trace.started_at)}"
    yield f"- Isolation: {_inline(trace.isolation or trace.sandbox)}"
    cost = "unknown" if trace.totals.cost is None else f"${trace.totals.cost:.4f}"
    if trace.parent is not None:
        yield f"- Forked from: {_inline(trace.parent)}, after part {trace.parent_part}"
    yield f"- Parts: {len(trace.parts)}, turns: {len(trace.turns)}, tokens: {trace.totals.usage.total}, cost: {cost}"
    yield ""


def _title(part: TracePart) -> str:
    label = part.part_type.replace("_", " ")
    return f"{label} `{_inline(part.tool.name, ticks=False)}`" if part.tool is not None else label


def _checkpoint(part: TracePart) -> Iterator[str]:
    checkpoint = part.repo_checkpoint
    if checkpoint is not None:
        yield from (f"Checkpoint `{checkpoint.commit_after[:12]}`:", "")
        signs = {"added": "A", "modified": "M", "deleted": "D"}
        yield from _fence("\n".join(f"{signs[change.status]} {one_line(change.path)}" for change in checkpoint.changes))


def _grades_by_part(trace: Trace) -> dict[int, list[TraceGrade]]:
    # A grade stands after the part that names it; those of a turn's or the session's end after the last part then.
    naming = {call.grade_id: part.part for part in trace.parts for call in part.envoi_calls}
    found: dict[int, list[TraceGrade]] = {}
    for grade in trace.grades:
        found.setdefault(naming.get(grade.grade_id, grade.part), []).append(grade)
    return found


def _grade(grade: TraceGrade) -> Iterator[str]:
    cause = {"agent": "asked for by the agent", "turn_end": "at the turn's end", "final": "at the session's end"}
    what = f"`{_inline(grade.path, ticks=False)}`" if grade.path else "everything"
    yield f"**Tests** ({cause[grade.cause]}, {what}): {grade.passed} of {grade.total} passed, {grade.failed} failed"
    yield ""
    for name, count in grade.suites.items():
        error = f"; {_inline(count.error)}" if count.error else ""
        yield f"- {_inline(name)}: {count.passed} of {count.expected} passed{error}"
    if grade.error:
        yield f"- error: {_inline(grade.error)}"
    yield ""


def _end(trace: Trace) -> Iterator[str]:
    end = trace.session_end
    if end is None:
        yield from ("## Not ended", "", "The trajectory is open: it is being worked on, or its process died.", "")
        return
    yield from (f"## Ended: {end.reason}", "")
    detail = f" {_inline(end.detail)}" if end.detail else ""
    yield f"{end.total_parts} parts in {end.total_turns} turns; final commit `{end.final_git_commit[:12]}`.{detail}"
    yield ""


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value and all(isinstance(item, str | int | bool) for item in value.values()):
        return "\n".join(f"{name}: {item}" for name, item in value.items())
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _fence(text: str, limit: int = _CLIP_CHARS) -> Iterator[str]:
    shown = printable(text[:limit])
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    yield f"{ticks}text"
    for line in shown.split("\n"):
        yield from _wrapped(line)
    yield ticks
    if len(text) > limit:
        yield f"({len(text) - limit} more characters)"
    yield ""


def _wrapped(line: str) -> Iterator[str]:
    while len(line) > _WRAP:
        cut = line.rfind(" ", _WRAP // 2, _WRAP) + 1 or _WRAP
        yield line[:cut]
        line = line[cut:]
    yield line


def _inline(text: str, *, ticks: bool = True) -> str:
    """One line in which no character means anything to Markdown or HTML."""
    line = one_line(text, 200)
    if not ticks:
        return line.replace("`", "'")
    return re.sub(r"([\\`*_\[\]<>#!|&])", r"\\\1", line)
