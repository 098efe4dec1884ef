"""Answering a request from the script."""

from __future__ import annotations

import anyio
from msgspec import Struct

from loopwright.gateway._call import Answer, Call
from loopwright.gateway._conversation import short_name
from loopwright.gateway.prices import Price
from loopwright.gateway.refusals import Refusal
from loopwright.gateway.scripted.attempts import Attempts
from loopwright.gateway.scripted.delegates import Cast, Role
from loopwright.gateway.scripted.faults import fault_answer
from loopwright.gateway.scripted.lower import Lowered, Lowering, ToolMissing
from loopwright.gateway.scripted.player import ENDED, ScriptStuck, request_digest
from loopwright.gateway.scripted.schema import FaultSpec, ReplySpec, Script, UsageSpec
from loopwright.gateway.scripted.side import side_answer
from loopwright.gateway.scripted.waiting import wait_call
from loopwright.gateway.wire.neutral import Ask, BadRequest, Reply, ReplyCall
from loopwright.record import ScriptPosition, Usage

__all__ = ["ScriptedBackend"]

_NOTHING = ReplySpec.model_construct()
_THE_END = ReplySpec(say="The script has ended.")


class _Planned(Struct):
    """A reply that was chosen, and the failure that comes before it, if one does."""

    reply: Reply
    fault: FaultSpec | None = None


class ScriptedBackend:
    """Plays a script to every conversation that asks.

    Args:
        script: What to play.
        workspace: Absolute path of the workspace as the agent sees it.
    """

    def __init__(self, script: Script, workspace: str) -> None:
        self._script = script
        self._cast = Cast(script)
        self._attempts = Attempts()
        self._workspace = workspace

    def restore(self, position: ScriptPosition) -> None:
        """Take over a position from the record."""
        if not self._attempts.restore(position):
            self._cast.role_at(position).player.move(position)

    def refused_at(self, position: ScriptPosition) -> Refusal | None:
        """That the script had ended there, if it had."""
        return self._ended() if position.reply == ENDED and not self._cast.role_at(position).path else None

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
            planned = self._plan(call)
        except BadRequest as error:
            return call.refusal(400, str(error), "bad_request")
        except (ScriptStuck, ToolMissing) as error:
            return call.refusal(call.wire.final_status, str(error), "script_error")
        except RecursionError:
            return call.refusal(400, "The request is nested too deeply.", "bad_request")
        if planned.fault is not None:
            await anyio.sleep(planned.fault.delay)
            if planned.fault.kind:
                return fault_answer(call, planned.fault, planned.reply)
        return self._written(call, planned.reply)

    async def count(self, call: Call) -> Answer:
        """An estimate: four bytes a token."""
        return Answer.json(200, {"input_tokens": -(-len(call.body) // 4)})

    async def close(self) -> None:
        """Nothing is open."""

    def _written(self, call: Call, reply: Reply) -> Answer:
        call.usage, call.response = reply.usage, call.wire.whole(reply)
        watcher = call.wire.watcher()
        watcher.whole(call.response)
        call.finish_reason = watcher.seen.finish
        call.saw_token()
        if call.streamed:
            call.tell(reply.think, reply.say)
            return Answer(200, {"content-type": "text/event-stream"}, events=call.wire.events(call.response, call.ask))
        return Answer.json(200, call.response)

    def _plan(self, call: Call) -> _Planned:
        ask, digest = call.ask, request_digest(call.ask.dialogue)
        role = self._cast.role_of(ask)
        if role.path and call.purpose == "turn":
            call.purpose = "subagent"
        key = role.key(call.conversation)
        if call.purpose == "compaction":
            role.player.carry(key, ask.newest)
        aside = side_answer(call.purpose, self._script.name)
        if aside is not None:
            return _Planned(self._write(call, ReplySpec(say=aside), (), f"side_{digest[:8]}"))
        wait = self._wait(role, key, ask)
        if wait is not None:
            role.player.carry(key, ask.newest)
            ident = f"wait_{digest[:8]}"
            return _Planned(self._write(call, _NOTHING, _named([wait], ident), ident))
        return self._next(call, role, key, digest)

    def _wait(self, role: Role, key: str, ask: Ask) -> Lowered | None:
        """The call that waits for the sub-agents which the last reply started."""
        last = role.player.last_reply(key)
        if not ask.spawned or not 0 <= last < len(role.replies):
            return None
        return wait_call(ask) if any(call.delegate for call in role.replies[last].calls) else None

    def _next(self, call: Call, role: Role, key: str, digest: str) -> _Planned:
        position = role.player.choose(key, digest, call.ask.newest)
        spec = _THE_END if position.reply == ENDED else role.replies[position.reply]
        ident = f"{short_name(key)}_{position.served}"
        lowering = Lowering(call.ask, self._workspace)
        calls = [lowered for wanted in spec.calls for lowered in lowering.lower(wanted)]
        reply = self._write(call, spec, _named(calls, ident), ident)
        failed = self._attempts.fail(position, spec.fault)
        if failed is not None and spec.fault is not None and spec.fault.kind:
            call.script = failed
            call.error = f"A fault that the script asks for: {spec.fault.kind}, attempt {failed.repeats}."
            return _Planned(reply, spec.fault)
        # Only now: a reply that cannot be given moves nothing.
        role.player.move(position)
        call.script = position
        call.refused = self.refused_at(position)
        return _Planned(reply, spec.fault if failed is not None else None)

    def _ended(self) -> Refusal:
        name, count = self._script.name, len(self._script.replies)
        what = f"The script {name} has no more replies: it was asked on after its last, number {count}."
        return Refusal("ended", f"{what} `loopwright fork ID --model scripted:FILE` goes on with another one.", what)

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
