"""Answering a request from the script."""

from __future__ import annotations

import anyio

from loopwright.gateway._call import Answer, Call
from loopwright.gateway.prices import Price
from loopwright.gateway.scripted.conversation import conversation_of, short_name
from loopwright.gateway.scripted.lower import Lowered, Lowering, ToolMissing
from loopwright.gateway.scripted.player import ENDED, Player, ScriptStuck, request_digest
from loopwright.gateway.scripted.schema import ReplySpec, Script, UsageSpec
from loopwright.gateway.scripted.side import side_answer, summary_answer
from loopwright.gateway.wire.neutral import BadRequest, Reply, ReplyCall
from loopwright.record import ScriptPosition, Usage

__all__ = ["ScriptedBackend"]

_THE_END = ReplySpec(say="The script has ended.")


class ScriptedBackend:
    """Plays a script to every conversation that asks.

    Args:
        script: What to play.
        workspace: Absolute path of the workspace as the agent sees it.
    """

    def __init__(self, script: Script, workspace: str) -> None:
        self._script = script
        self._player = Player(script)
        self._workspace = workspace

    def restore(self, position: ScriptPosition) -> None:
        """Take over a position from the record."""
        self._player.move(position)

    def price_of(self, model: str) -> Price:
        """The script's own price, or nothing."""
        price = self._script.price
        return Price(price.input, price.output, price.cache_read) if price else Price(0.0, 0.0, 0.0)

    async def answer(self, call: Call) -> Answer:
        """Choose the reply and write it in the request's wire format."""
        call.model_served = self._script.name
        if self._script.pace:
            await anyio.sleep(self._script.pace)
        try:
            reply = self._reply(call)
        except (BadRequest, ScriptStuck, ToolMissing) as error:
            return call.refusal(400, str(error), "script_error")
        except RecursionError:
            return call.refusal(400, "The request is nested too deeply.", "bad_request")
        call.usage, call.response = reply.usage, call.wire.whole(reply)
        watcher = call.wire.watcher()
        watcher.whole(call.response)
        call.finish_reason = watcher.seen.finish
        call.saw_token()
        if call.streamed:
            return Answer(200, {"content-type": "text/event-stream"}, events=call.wire.events(reply, call.ask))
        return Answer.json(200, call.response)

    async def count(self, call: Call) -> Answer:
        """An estimate: four bytes a token."""
        return Answer.json(200, {"input_tokens": -(-len(call.body) // 4)})

    async def close(self) -> None:
        """Nothing is open."""

    def _reply(self, call: Call) -> Reply:
        ask = call.ask
        digest = request_digest(ask.dialogue)
        conversation = conversation_of(call.headers, ask)
        summary = summary_answer(ask, call.headers, self._script.name)
        if summary is not None:
            self._player.carry(conversation, ask.newest)
        aside = summary or side_answer(ask, self._script.name)
        if aside is not None:
            return self._write(call, ReplySpec(say=aside), (), f"side_{digest[:8]}")
        position = self._player.choose(conversation, digest, ask.newest)
        spec = _THE_END if position.reply == ENDED else self._script.replies[position.reply]
        ident = f"{short_name(conversation)}_{position.served}"
        lowering = Lowering(ask, self._workspace)
        calls = [lowered for wanted in spec.calls for lowered in lowering.lower(wanted)]
        # Only now: a reply that cannot be given moves nothing.
        self._player.move(position)
        call.script = position
        return self._write(call, spec, _named(calls, ident), ident)

    def _write(self, call: Call, spec: ReplySpec, calls: tuple[ReplyCall, ...], ident: str) -> Reply:
        usage = _stated(spec.usage) if spec.usage else _estimated(call, spec, calls)
        call.usage_estimated = spec.usage is None
        return Reply(ident, self._script.name, spec.think, spec.say, calls, usage)


def _named(calls: list[Lowered], ident: str) -> tuple[ReplyCall, ...]:
    return tuple(
        ReplyCall(f"call_{ident}_{number}", tool.name, arguments, tool.namespace)
        for number, (tool, arguments) in enumerate(calls, start=1)
    )


def _stated(usage: UsageSpec) -> Usage:
    return Usage(usage.input, usage.output, usage.cache_read, 0, usage.reasoning)


def _estimated(call: Call, spec: ReplySpec, calls: tuple[ReplyCall, ...]) -> Usage:
    """Four bytes a token, on both sides."""
    said = sum(len(str(text).encode()) for text in (spec.say, *(item.arguments for item in calls)))
    thought = len(spec.think.encode())
    return Usage(
        input_tokens=-(-len(call.body) // 4),
        output_tokens=-(-(said + thought) // 4),
        reasoning_tokens=-(-thought // 4),
    )
