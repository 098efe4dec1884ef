"""A conversation from its record, so that the next request has the bytes that it would have had without a crash."""

from __future__ import annotations

from typing import Any

from loopwright.record import PartAdded, TurnStarted
from loopwright.runtime.agent.book import Entry
from loopwright.runtime.agent.dialogue import Dialogue, Speech
from loopwright.runtime.agent.items import MODE, NUDGE, STEER, says
from loopwright.runtime.calls import Outcome
from loopwright.runtime.providers.registry import read_reply

__all__ = ["restore"]


def restore(dialogue: Dialogue, turns: list[TurnStarted], parts: list[PartAdded]) -> int:
    """Say and hear everything again. Returns how many parts of the newest reply are recorded.

    The payloads of turns and parts must hold their values.
    """
    waiting = {turn.turn: turn for turn in turns}
    recorded = 0
    for part in parts:
        if waiting:
            _prompts(dialogue, waiting, part.turn)
        recorded = _part(dialogue, part, recorded)
    _prompts(dialogue, waiting, max(waiting, default=0))
    return recorded


def _prompts(dialogue: Dialogue, waiting: dict[int, TurnStarted], up_to: int) -> None:
    for number in sorted(number for number in waiting if number <= up_to):
        dialogue.prompt(str(_value(waiting.pop(number).prompt)))


def _part(dialogue: Dialogue, part: PartAdded, recorded: int) -> int:
    if part.part_type == "tool_result" and part.tool is not None:
        _result(dialogue, part)
        return recorded
    if part.item_type in (NUDGE, MODE, STEER) and part.role == "user":
        dialogue.say(Speech(part.item_type, str(_value(part.content))))
        return recorded
    if part.reply is not None and part.reply > dialogue.book.replies:
        _reply(dialogue, part)
        recorded = 0
    return _settled(dialogue, recorded + 1)


def _reply(dialogue: Dialogue, part: PartAdded) -> None:
    raw = _value(part.raw)
    # Before replies named their API, `raw` was the chat message itself.
    if "api" in raw:
        reply = read_reply(raw["api"], raw["message"], raw.get("finish_reason", ""), part.usage, raw.get("model", ""))
    else:
        reply = read_reply("chat", raw, "", part.usage)
    dialogue.hear(reply, part.usage, raw.get("instead", ""))


def _result(dialogue: Dialogue, part: PartAdded) -> None:
    tool = part.tool
    if tool is None:
        return
    call = dialogue.calls[len(dialogue.answers)]
    text, status = str(_value(tool.result)), tool.status
    if status == "called":
        status = "completed"
    note = _value(part.raw) or {}
    account = Entry.of(note, call.raw if call.call_id in dialogue.broken else call.arguments, text, status)
    account.tool = account.tool or call.tool
    outcome = Outcome(
        text,
        status,
        exit_code=tool.exit_code,
        summary=part.summary,
        grade_ids=part.grade_ids,
        finishes=account.finishes,
        rule=account.rule,
        waited=account.waited,
        tests=account.tests,
    )
    dialogue.book.call(account)
    dialogue.answer(call, outcome, account)
    if len(dialogue.answers) == len(dialogue.calls):
        dialogue.done()


def _settled(dialogue: Dialogue, recorded: int) -> int:
    """A reply without calls is over once all of its parts are recorded."""
    reply = dialogue.reply
    if reply is not None and not dialogue.calls and recorded >= sum(says(reply)):
        dialogue.done()
    return recorded


def _value(payload: Any) -> Any:
    return None if payload is None else payload.value
