"""What happened so far, as text that any agent can read: for one that has lost its memory, and for forks."""

from __future__ import annotations

import json
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
    return _HEAD + "\n".join(_fitting(_told(turns, parts), most_characters)) + _FOOT


def _told(turns: list[TurnStarted], parts: list[PartAdded]) -> list[TurnStarted | PartAdded]:
    """Each turn, and after it its parts."""
    by_turn = {number: list(some) for number, some in groupby(parts, lambda part: part.turn)}
    return [one for turn in turns for one in (turn, *by_turn.get(turn.turn, ()))]


def _fitting(told: list[TurnStarted | PartAdded], most: int) -> list[str]:
    """The entries, made from the newest on, and no more of them than fit: there may be very many."""
    if not told:
        return []
    first, kept = _entry(told[0]), list[str]()
    room = most - len(first)
    for one in reversed(told[1:]):
        entry = _entry(one)
        room -= len(entry) + 1
        if room < 0:
            break
        kept.append(entry)
    left_out = len(told) - 1 - len(kept)
    return [first, *[f"({left_out} entries are left out here)"] * bool(left_out), *reversed(kept)]


def _entry(one: TurnStarted | PartAdded) -> str:
    if isinstance(one, TurnStarted):
        return valid(f"[turn {one.turn}, the prompt] {clip(_text(one.prompt).strip(), _PROMPT)}")
    return valid(_part_entry(one))


def _part_entry(part: PartAdded) -> str:
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
