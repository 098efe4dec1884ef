"""`conversation.md`: a run's conversation in the order in which it happened, with links to the files beside it.

What a person, a model or a program wrote stands in fences, so that none of it can pass for a heading of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loopwright.base import clip, one_line, printable
from loopwright.record import BlobStore, ModelCalled, PartAdded, Payload, TestsGraded
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs.exchanges import Exchange, Logged, Sent
from loopwright.runtime.logs.names import (
    error_file,
    raw_request,
    raw_response,
    request_file,
    result_file,
    system_file,
    tools_file,
)
from loopwright.runtime.logs.redaction import Redactor
from loopwright.runtime.logs.requests import newest_user_text, system_text, tools_of

__all__ = ["transcript"]

_MOST = 8000
_BACKTICKS = re.compile(r"`{3,}")
_WHO = {"nudge": "said by the loop", "mode": "said by the loop", "steer": "said by a person"}


def transcript(
    logged: Logged, sent: Sent, blobs: BlobStore, settings: Logging, redact: Redactor, *, tools: bool = True
) -> str:
    """The Markdown text of `conversation/conversation.md`; links are relative to its folder.

    `tools` says whether what is added to prompts describes tools.
    """
    writer = _Writer(logged, sent, blobs, settings, redact)
    writer.appended = "Tools Available Prompt" if tools else "Mode Prompt"
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
        self._model = ""
        self.appended = ""

    def sections(self) -> Iterator[str]:
        yield "# Conversation"
        yield from self._begun()
        spoken, turns = list(self._logged.spoken), list(self._logged.turns)
        for exchange in self._logged.exchanges:
            while spoken and spoken[0].part < exchange.number:
                yield self._spoken(spoken.pop(0))
            while turns and turns[0].turn <= exchange.turn:
                yield from self._ends(turns[0].turn)
                yield from self._turn(turns.pop(0).turn, exchange)
            yield from self._exchange(exchange)
        for part in spoken:
            yield self._spoken(part)
        for turn in turns:
            yield from self._ends(turn.turn)
            yield f"## Turn {turn.turn}"
            yield self._section("User", self._value(turn.prompt))
        if self._logged.unanswered:
            yield self._failed(self._logged.unanswered)
        yield from self._ends(None)
        yield from self._over()

    def _begun(self) -> Iterator[str]:
        begun = self._logged.begun
        if begun is None:
            return
        rows = {"task": begun.task, "agent": begun.agent, "model": begun.model, "trajectory": begun.trajectory_id}
        lines = [f"- {name}: `{self._quoted(value)}`" for name, value in rows.items()]
        lines.append(f"- begun: {begun.started_at[:19].replace('T', ' ')} UTC")
        if begun.parent is not None:
            origin = f"`{self._quoted(begun.parent)}` after part {begun.parent_part or 0}"
            lines.append(f"- forked: from {origin}; what was before stands there")
        yield "\n".join(lines)

    def _ends(self, following: int | None) -> Iterator[str]:
        """How the turn before turn `following` ended; the last one, where none follows."""
        number = following - 1 if following is not None else len(self._logged.turns)
        for ended in self._logged.ended:
            if ended.turn == number:
                why = f": `{self._quoted(ended.detail)}`" if ended.detail else ""
                yield f"**Turn {number} Ended** (part {ended.part_end})\n\n{ended.outcome}{why}"
        for grade in self._logged.graded:
            if grade.turn == number:
                yield self._graded(grade)

    def _graded(self, grade: TestsGraded) -> str:
        said = f"{grade.passed} of {grade.total} passed" + (f": `{self._quoted(grade.error)}`" if grade.error else "")
        when = "at the run's end" if grade.cause == "final" else "at the turn's end"
        return f"**Tests** (part {grade.part}, {when})\n\n{said}"

    def _over(self) -> Iterator[str]:
        over = self._logged.over
        if over is not None:
            why = f": `{self._quoted(over.detail)}`" if over.detail else ""
            turns = f"{over.total_turns} turn{'s' * (over.total_turns != 1)}"
            yield f"## The end: {over.reason}\n\n{over.total_parts} parts in {turns}{why}"

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
            yield self._section(f"{self.appended} (Appended to User Message)", added)

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
            self._model = self._model or exchange.failed[0].model_asked
            yield self._failed(exchange.failed)
        yield from self._said(exchange)
        yield from self._results(exchange)

    def _said(self, exchange: Exchange) -> Iterator[str]:
        if exchange.call is not None:
            yield self._asked(exchange, exchange.call)
        for part in exchange.said:
            if part.part_type in ("reasoning", "text"):
                title = "Assistant" if part.part_type == "text" else "Assistant (Reasoning)"
                yield self._section(title, self._value(part.content), f"part {part.part}")
        native = [part for part in exchange.said if part.item_type == "function_call"]
        text = [part for part in exchange.said if part.part_type == "tool_call" and part not in native]
        if native:
            link = f"provider_native/tool_calls/{exchange.name}.json"
            yield self._section("Model Called Provider Schema-Native Tools", self._lines(native), link=link, plain=True)
        if text:
            yield self._section("Model Called Text-Based Tools", self._lines(text), plain=True)

    def _asked(self, exchange: Exchange, call: ModelCalled) -> str:
        """One line about the request, with links to it and to what came back."""
        settings, name = self._settings, exchange.name
        files = []
        if call.request is not None:
            files += [("sent", raw_request(name))] * settings.include_raw
            files += [("what was new in it", request_file(name))] * settings.include_structured_requests
        files += [("received", raw_response(name))] * (settings.include_raw and call.response is not None)
        cost = "at no known price" if call.cost is None else f"${call.cost:.4f}"
        # The first model is that of the run; where another one answers from here on, it is named.
        model, before = call.model_asked, self._model
        self._model = model
        other = f" (from here on to `{self._quoted(model)}`)" if before and model != before else ""
        facts = f"Model call {call.call}{other}: {call.usage.total:,} tokens, {cost}"
        return ", ".join([facts, *(f"[{text}](../{file})" for text, file in files)])

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
            file, waited = result_file(part), self._waited(part)
            lines.append(f"- part {part.part}: {status}: `{self._quoted(part.summary)}`{waited} [{file}](../{file})")
        return "\n".join(lines)

    def _waited(self, part: PartAdded) -> str:
        note = self._blobs.value(part.raw) if part.raw is not None else None
        why = note.get("waited") if isinstance(note, dict) else None
        return f" (waited: `{self._quoted(str(why))}`)" if why else ""

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
