"""`conversation.md`: a run's conversation in the order in which it happened, with links to the files beside it."""

from __future__ import annotations

from collections.abc import Iterator

from loopwright.base import clip, printable
from loopwright.record import BlobStore, PartAdded, Payload
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs.exchanges import Exchange, Logged
from loopwright.runtime.logs.requests import newest_user_text, system_text, tools_of

__all__ = ["transcript"]

_MOST = 4000


def transcript(logged: Logged, blobs: BlobStore, settings: Logging) -> str:
    """The Markdown text of `conversation/conversation.md`; links are relative to its folder."""
    writer = _Writer(logged, blobs, settings)
    return "\n\n".join(writer.sections()) + "\n"


class _Writer:
    def __init__(self, logged: Logged, blobs: BlobStore, settings: Logging) -> None:
        self._logged = logged
        self._blobs = blobs
        self._settings = settings
        self._system = ""

    def sections(self) -> Iterator[str]:
        yield "# Conversation"
        spoken = list(self._logged.spoken)
        told = 0
        for exchange in self._logged.exchanges:
            while told < len(self._logged.turns) and self._logged.turns[told].turn <= exchange.turn:
                yield from self._turn(told, exchange)
                told += 1
            while spoken and spoken[0].part < exchange.number:
                yield self._section("User", self._value(spoken.pop(0).content), "said by the loop or a person")
            yield from self._exchange(exchange)
        for part in spoken:
            yield self._section("User", self._value(part.content), "said by the loop or a person")

    def _turn(self, index: int, exchange: Exchange) -> Iterator[str]:
        turn = self._logged.turns[index]
        yield f"## Turn {turn.turn}"
        request = self._request(exchange)
        system = system_text(exchange.call.api, request) if exchange.call is not None and request else ""
        if system and system != self._system:
            self._system = system
            yield self._section("System", system, link=f"prompts/system_p{exchange.number:05}.md")
        prompt = str(self._blobs.value(turn.prompt))
        yield self._section("User", prompt)
        sent = newest_user_text(exchange.call.api, request) if exchange.call is not None and request else ""
        if sent.startswith(prompt) and sent != prompt:
            yield self._section("Tools Available Prompt (Appended to User Message)", sent[len(prompt) :].strip())

    def _exchange(self, exchange: Exchange) -> Iterator[str]:
        name = f"p{exchange.number:05}"
        request = self._request(exchange)
        if request and tools_of(request):
            names = ", ".join(_tool_name(tool) for tool in tools_of(request))
            link = f"provider_native/tools_provided/{name}.json"
            yield self._section("Tools Provided via Provider API Tool Schema", names, link=link)
        for part in exchange.said:
            if part.part_type in ("reasoning", "text"):
                title = "Assistant" if part.part_type == "text" else "Assistant (Reasoning)"
                link = f"raw/responses/{name}.response.json" if self._settings.include_raw else ""
                yield self._section(title, self._value(part.content), f"part {part.part}", link=link)
        native = [part for part in exchange.said if part.item_type == "function_call"]
        text = [part for part in exchange.said if part.part_type == "tool_call" and part not in native]
        if native:
            link = f"provider_native/tool_calls/{name}.json"
            yield self._section("Model Called Provider Schema-Native Tools", _lines(native), link=link)
        if text:
            yield self._section("Model Called Text-Based Tools", _lines(text))
        yield from self._results(exchange, name)

    def _results(self, exchange: Exchange, name: str) -> Iterator[str]:
        native = [part for part in exchange.results if part.item_type == "function_call_output"]
        text = [part for part in exchange.results if part not in native]
        if native:
            link = f"provider_native/tool_results/{name}.json"
            yield self._section("Provider Schema-Native Tool Call Results", _linked(native), link=link)
        if text:
            yield self._section("Tool Results (Text-Based Execution)", _linked(text))

    def _request(self, exchange: Exchange) -> dict[str, object]:
        if exchange.call is None or exchange.call.request is None:
            return {}
        request = self._logged.request(exchange.call, self._blobs)
        return request if isinstance(request, dict) else {}

    def _value(self, payload: Payload | None) -> str:
        return "" if payload is None else str(self._blobs.value(payload))

    def _section(self, title: str, text: str, note: str = "", *, link: str = "") -> str:
        head = f"**{title}**" + (f" ({note})" if note else "")
        body = printable(clip(text, _MOST))
        return "\n\n".join(piece for piece in (head, body, f"See: [{link}](../{link})" if link else "") if piece)


def _lines(parts: list[PartAdded]) -> str:
    return "\n".join(f"- part {part.part}: `{_quoted(part.summary)}`" for part in parts)


def _linked(parts: list[PartAdded]) -> str:
    from loopwright.runtime.logs.folder import result_file

    lines = []
    for part in parts:
        status = part.tool.status if part.tool is not None else ""
        file = f"artifacts/tool_results/{result_file(part)}"
        lines.append(f"- part {part.part}: {status}: `{_quoted(part.summary)}` [{file}](../{file})")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("`", "'")


def _tool_name(tool: object) -> str:
    if not isinstance(tool, dict):
        return "?"
    return str(tool.get("name") or (tool.get("function") or {}).get("name") or "?")
