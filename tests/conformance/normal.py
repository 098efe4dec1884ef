"""Parts in words that are the same for every agent: what kind, in which order, which files, which test results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from tests.conformance.tale import Tale

from loopwright.record.trace import TracePart

__all__ = ["calls_first", "lines"]

KINDS = {
    "shell": ("run_shell", "exec_command", "Bash", "bash"),
    "edit": ("write_file", "edit_file", "apply_patch", "Write", "Edit", "Read", "write", "edit"),
    "tests": ("run_tests",),
    "subagent": ("delegate", "spawn_agent", "wait_agent", "Agent", "task"),
}
"""What a tool is for, by the names that agents give it. Reading before editing is part of editing."""

_MOST_SHOWN = 20


def lines(tale: Tale) -> list[str]:
    """The whole trajectory, a line for each thing that happened.

    The results of calls that ran side by side come in any order, and any of them may be given what all of them did to
    the files; so they are sorted, and the files are said once, after them. A `patch` part is a call and its result.
    """
    found: list[str] = []
    for results, group in groupby(calls_first(tale.trace.parts), lambda part: part.part_type == "tool_result"):
        parts = list(group)
        if results:
            found += sorted(_result(tale, part) for part in parts)
            found += _files(parts)
        else:
            for part in parts:
                found += _other(tale, part)
    return found


def calls_first(parts: Iterable[TracePart]) -> list[TracePart]:
    """The parts, where a call comes before everything that may or may not have happened when it was told.

    A sub-agent may work beside its parent, which may or may not be waiting for it when it begins; and an agent may run
    the first calls of a reply before it has read the last one.
    """
    ordered: list[TracePart] = []
    for part in parts:
        place = len(ordered)
        while place and _beside(ordered[place - 1], part):
            place -= 1
        ordered.insert(place, part)
    return ordered


def _beside(earlier: TracePart, call: TracePart) -> bool:
    if call.part_type != "tool_call":
        return False
    if earlier.parent and not call.parent:
        return _kind(call) == "subagent"
    same_reply = call.reply is not None and (earlier.reply, earlier.parent) == (call.reply, call.parent)
    return same_reply and earlier.part_type == "tool_result"


def _other(tale: Tale, part: TracePart) -> Iterator[str]:
    if part.part_type == "tool_call":
        yield f"{_inner(part)}call {_kind(part)}"
    elif part.part_type == "patch" and part.tool is not None:
        yield f"call {_kind(part)}"
        yield _result(tale, part)
        yield from _files([part])
    else:
        text = tale.value(part.content) if part.content is not None else part.summary
        yield f"{_inner(part)}{part.part_type} {part.item_type if part.item_type in _OURS else text}"
        yield from _files([part])


_OURS = ("workspace_change", "api_error")


def _result(tale: Tale, part: TracePart) -> str:
    assert part.tool is not None
    words = [f"{_inner(part)}result", _kind(part), part.tool.status]
    if part.tool.exit_code is not None:
        words.append(str(part.tool.exit_code))
    for call in part.envoi_calls:
        counts = call.result or {}
        words.append(f"{call.path or 'all'} {counts.get('passed')}/{counts.get('total')}")
    text = "" if part.tool.result is None else tale.value(part.tool.result)
    if _kind(part) == "shell" and "caf" in text and len(text) < _MOST_SHOWN:
        words.append(text.strip())
    return " ".join(words)


def _files(parts: list[TracePart]) -> Iterator[str]:
    """What became of the files in sum: calls that ran side by side may see the temporary files of one another."""
    net: dict[str, str] = {}
    for change in (change for part in parts for change in part.files):
        before = net.pop(change.path, None)
        if not (before == "added" and change.status == "deleted"):
            net[change.path] = before if before == "added" else change.status
    if net:
        yield f"files {', '.join(f'{path} {status}' for path, status in sorted(net.items()))}"


def _inner(part: TracePart) -> str:
    return "inner " if part.parent else ""


def _kind(part: TracePart) -> str:
    assert part.tool is not None
    name = part.tool.name
    return next((kind for kind, names in KINDS.items() if name in names), name)
