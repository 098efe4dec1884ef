"""What happened so far, as text that any agent can read: for one that has lost its memory, and for forks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from loopwright.base import clip, one_line, valid
from loopwright.record import PartAdded, Payload, TurnStarted

__all__ = ["recap"]

_MOST_CHARACTERS = 40_000
_PROMPT = 1_500
_TEXT = 1_500
_CALL = 400
_RESULT = 600
_HEAD = (
    "This work was begun in an earlier session, whose memory is not available. What follows is a transcript of it "
    "from the record, shortened. The files in the workspace are as they were after its last entry. Go on from there, "
    "and do not start again.\n\n<transcript>\n"
)
_FOOT = "\n</transcript>"


def recap(turns: list[TurnStarted], parts: list[PartAdded], most_characters: int = _MOST_CHARACTERS) -> str:
    """A transcript of these turns and parts, to be put in front of a prompt.

    Payloads may be resolved or not; a blob is quoted by its preview. Where all of it is longer than
    `most_characters`, the first prompt and the newest entries stay, and a line says how many entries were left out.
    """
    entries = [valid(entry) for entry in _entries(turns, parts)]
    return _HEAD + "\n".join(_fitting(entries, most_characters)) + _FOOT


def _fitting(entries: list[str], most: int) -> list[str]:
    if sum(len(entry) + 1 for entry in entries) <= most:
        return entries
    first, kept = entries[0], []
    room = most - len(first)
    for entry in reversed(entries[1:]):
        room -= len(entry) + 1
        if room < 0:
            break
        kept.append(entry)
    left_out = len(entries) - 1 - len(kept)
    return [first, f"({left_out} entries are left out here)", *reversed(kept)]


def _entries(turns: list[TurnStarted], parts: list[PartAdded]) -> Iterator[str]:
    by_turn = {number: list(some) for number, some in groupby(parts, lambda part: part.turn)}
    for turn in turns:
        yield f"[turn {turn.turn}, the prompt] {clip(_text(turn.prompt).strip(), _PROMPT)}"
        for part in by_turn.get(turn.turn, []):
            yield _entry(part)


def _entry(part: PartAdded) -> str:
    files = ", ".join(f"{file.path} {file.status}" for file in part.files[:20])
    return f"[part {part.part}, {_title(part)}] {_body(part)}" + (f" (files: {files})" if files else "")


def _title(part: PartAdded) -> str:
    tool = part.tool
    if tool is None:
        return part.part_type
    if part.part_type != "tool_result":
        return f"call of {tool.name}"
    code = "" if tool.exit_code is None else f", exit code {tool.exit_code}"
    return f"result of {tool.name}: {tool.status}{code}"


def _body(part: PartAdded) -> str:
    tool = part.tool
    if tool is not None and part.part_type == "tool_result":
        return _both_ends(_text(tool.result) or part.summary, _RESULT)
    if tool is not None:
        return one_line(_text(tool.arguments) or part.summary, _CALL)
    return clip(_text(part.content).strip() or part.summary, _TEXT)


def _both_ends(text: str, width: int) -> str:
    """The beginning and the end: where a command failed, the end says why."""
    text = text.strip()
    if len(text) <= width:
        return text
    half = width // 2
    return f"{text[:half]} […] {text[-half:]}"


def _text(payload: Payload | None) -> str:
    if payload is None:
        return ""
    value: Any = payload.preview if isinstance(payload.blob, str) else payload.value
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
