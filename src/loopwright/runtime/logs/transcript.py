"""`conversation.md`: a run's conversation in the order in which it happened, with links to the files beside it.

What a person, a model or a program wrote stands in fences, so that none of it can pass for a heading of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loopwright.base import clip, one_line, printable
from loopwright.record import BlobStore, ModelCalled, PartAdded, Payload
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs.exchanges import Exchange, Logged, Sent
from loopwright.runtime.logs.names import error_file, result_file, system_file, tools_file
from loopwright.runtime.logs.redaction import Redactor
from loopwright.runtime.logs.requests import newest_user_text, system_text, tools_of

__all__ = ["transcript"]

_MOST = 8000
_BACKTICKS = re.compile(r"`{3,}")
_WHO = {"nudge": "said by the loop", "mode": "said by the loop", "steer": "said by a person"}


def transcript(logged: Logged, sent: Sent, blobs: BlobStore, settings: Logging, redact: Redactor) -> str:
    """The Markdown text of `conversation/conversation.md`; links are relative to its folder."""
    writer = _Writer(logged, sent, blobs, settings, redact)
    return "\n\n".join(writer.sections()) + "\n"


class _Writer:
    def __init__(self, logged: Logged, sent: Sent, blobs: BlobStore, settings: Logging, redact: Redactor) -> None:
        self._logged = logged
        self._sent = sent
        self._blobs = blobs
        self._settings = settings
        self._redact = redact
        self._system = ""
        self._tools: list[Any] = []

    def sections(self) -> Iterator[str]:
        yield "# Conversation"
        spoken, turns = list(self._logged.spoken), list(self._logged.turns)
        for exchange in self._logged.exchanges:
            while spoken and spoken[0].part < exchange.number:
                yield self._spoken(spoken.pop(0))
            while turns and turns[0].turn <= exchange.turn:
                yield from self._turn(turns.pop(0).turn, exchange)
            yield from self._exchange(exchange)
        for part in spoken:
            yield self._spoken(part)
        for turn in turns:
            yield f"## Turn {turn.turn}"
            yield self._section("User", self._value(turn.prompt))
        if self._logged.unanswered:
            yield self._failed(self._logged.unanswered)

    def _turn(self, number: int, exchange: Exchange) -> Iterator[str]:
        yield f"## Turn {number}"
        yield from self._system_prompt(exchange)
        turn = next(turn for turn in self._logged.turns if turn.turn == number)
        prompt = self._value(turn.prompt)
        request = self._sent.request(exchange.call) if number == exchange.turn else {}
        sent = newest_user_text(exchange.call.api, request) if exchange.call is not None and request else ""
        link = f"prompts/per_turn/turn_{number}.md" if sent else ""
        yield self._section("User", prompt, link=link)
        if sent.startswith(prompt) and sent != prompt:
            added = sent[len(prompt) :].strip()
            yield self._section("Tools Available Prompt (Temporarily Appended to User Message)", added)

    def _system_prompt(self, exchange: Exchange) -> Iterator[str]:
        """The system prompt, where it is another one than before."""
        request = self._sent.request(exchange.call)
        system = system_text(exchange.call.api, request) if exchange.call is not None and request else self._system
        if system != self._system:
            self._system = system
            yield self._section("System", system, link=system_file(exchange.name))

    def _exchange(self, exchange: Exchange) -> Iterator[str]:
        yield from self._system_prompt(exchange)
        tools = tools_of(self._sent.request(exchange.call))
        if tools != self._tools:
            self._tools = tools
            names = ", ".join(_tool_name(tool) for tool in tools) or "none"
            yield self._section(
                "Tools Provided via Provider API Tool Schema", names, link=tools_file(exchange.name), plain=True
            )
        if exchange.failed:
            yield self._failed(exchange.failed)
        yield from self._said(exchange)
        yield from self._results(exchange)

    def _said(self, exchange: Exchange) -> Iterator[str]:
        has_raw = self._settings.include_raw and exchange.call is not None and exchange.call.response is not None
        link = f"raw/responses/{exchange.name}.response.json" if has_raw else ""
        for part in exchange.said:
            if part.part_type in ("reasoning", "text"):
                title = "Assistant" if part.part_type == "text" else "Assistant (Reasoning)"
                yield self._section(title, self._value(part.content), f"part {part.part}", link=link)
        native = [part for part in exchange.said if part.item_type == "function_call"]
        text = [part for part in exchange.said if part.part_type == "tool_call" and part not in native]
        if native:
            link = f"provider_native/tool_calls/{exchange.name}.json"
            yield self._section("Model Called Provider Schema-Native Tools", self._lines(native), link=link, plain=True)
        if text:
            yield self._section("Model Called Text-Based Tools", self._lines(text), plain=True)

    def _results(self, exchange: Exchange) -> Iterator[str]:
        native = [part for part in exchange.results if part.item_type == "function_call_output"]
        text = [part for part in exchange.results if part not in native]
        if native:
            link = f"provider_native/tool_results/{exchange.name}.json"
            title = "Provider Schema-Native Tool Call Results"
            yield self._section(title, self._linked(native), link=link, plain=True)
        if text:
            yield self._section("Tool Results (Text-Based Execution)", self._linked(text), plain=True)

    def _failed(self, calls: list[ModelCalled]) -> str:
        lines = [
            f"- call {call.call}: status {call.status}: `{self._quoted(one_line(call.error))}` "
            f"[{error_file(call)}](../{error_file(call)})"
            for call in calls
            if call.error
        ]
        return self._section("Model Calls without a Reply", "\n".join(lines), plain=True)

    def _spoken(self, part: PartAdded) -> str:
        return self._section("User", self._value(part.content), f"part {part.part}, {_WHO.get(part.item_type, '')}")

    def _value(self, payload: Payload | None) -> str:
        return "" if payload is None else str(self._blobs.value(payload))

    def _section(self, title: str, text: str, note: str = "", *, link: str = "", plain: bool = False) -> str:
        head = f"**{title}**" + (f" ({note})" if note else "")
        body = text if plain else _fenced(printable(clip(self._redact(text), _MOST)))
        return "\n\n".join(piece for piece in (head, body, f"See: [{link}](../{link})" if link else "") if piece)

    def _lines(self, parts: list[PartAdded]) -> str:
        return "\n".join(f"- part {part.part}: `{self._quoted(part.summary)}`" for part in parts)

    def _linked(self, parts: list[PartAdded]) -> str:
        lines = []
        for part in parts:
            status = part.tool.status if part.tool is not None else ""
            file = result_file(part)
            lines.append(f"- part {part.part}: {status}: `{self._quoted(part.summary)}` [{file}](../{file})")
        return "\n".join(lines)

    def _quoted(self, text: str) -> str:
        """One line that can stand between backticks."""
        return self._redact.cut(" ".join(text.split())).replace("`", "'") or " "


def _fenced(text: str) -> str:
    """The text in a fence that is longer than any inside of it."""
    marks = "`" * max([3, *(len(found) + 1 for found in _BACKTICKS.findall(text))])
    return f"{marks}text\n{text.rstrip()}\n{marks}" if text.strip() else ""


def _tool_name(tool: object) -> str:
    if not isinstance(tool, dict):
        return "?"
    name = str(tool.get("name") or (tool.get("function") or {}).get("name") or "?")
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name)
