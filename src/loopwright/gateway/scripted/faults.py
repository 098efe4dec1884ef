"""Failing on purpose, as a script says: each failure as the real API would show it."""

from __future__ import annotations

from typing import Any

import msgspec

from loopwright.gateway._call import Answer, Call
from loopwright.gateway.refusals import Refusal, kind_of
from loopwright.gateway.scripted.schema import FaultSpec
from loopwright.gateway.sse import frame
from loopwright.gateway.wire.neutral import Api, Reply

__all__ = ["fault_answer"]

_CODES = {401: "invalid_api_key", 402: "insufficient_quota", 404: "model_not_found", 429: "rate_limit_exceeded"}
_BROKEN = b'data: {"type": "broken, and no JSON\n\n'
_OVERFLOW: dict[Api, str] = {
    "chat": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    "responses": "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "messages": "prompt is too long: 201000 tokens > 200000 maximum",
}


def fault_answer(call: Call, fault: FaultSpec, reply: Reply) -> Answer:
    """What the agent gets instead of `reply`. Nothing is charged for it; `call.error` is up to the caller."""
    call.cost = 0.0
    if fault.overflow:
        return _overflow(call)
    kind = kind_of(fault.status or 503, (fault.code or "").encode(), has_key=True)
    call.refused = Refusal(kind, f"The scripted model failed as its script says: {fault.kind}.") if kind else None
    if fault.status is not None:
        return _refused(call, fault)
    if fault.hang:
        return Answer(200, {}, events=iter(()), ending="hang")
    return _broken_off(call, fault, reply)


def _refused(call: Call, fault: FaultSpec) -> Answer:
    status = fault.status or 500
    code = fault.code or _CODES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    message = fault.message or f"The scripted model answers HTTP {status} here."
    call.response = call.wire.error(status, message, code)
    answer = Answer.json(status, call.response)
    if fault.retry_after is not None:
        answer.headers["retry-after"] = f"{fault.retry_after:g}"
    return answer


def _overflow(call: Call) -> Answer:
    body = call.wire.error(400, _OVERFLOW[call.wire.api], "context_length_exceeded")
    call.response = body
    if call.wire.api != "responses" or not call.streamed:
        return Answer.json(400, body)
    # This API finds out when it has begun to answer, and says it in the stream.
    error = {key: body["error"][key] for key in ("code", "message")}
    failed = {"id": "resp_failed", "object": "response", "status": "failed", "error": error, "output": []}
    call.response = failed
    event = {"type": "response.failed", "sequence_number": 0, "response": failed}
    return Answer(200, {"content-type": "text/event-stream"}, events=iter([frame(event, "response.failed")]))


def _broken_off(call: Call, fault: FaultSpec, reply: Reply) -> Answer:
    """The beginning of the reply: cut, silent from then on, or with nonsense at its end."""
    ending: Any = "hang" if fault.hang_after is not None else "end" if fault.malformed else "cut"
    if not call.streamed:
        return _half(call, ending, reply)
    frames = list(call.wire.events(call.wire.whole(reply), call.ask))
    if fault.malformed:
        kept = [frames[0], _BROKEN]
    else:
        kept = frames[: fault.hang_after if fault.cut_after is None else fault.cut_after]
    return Answer(200, {"content-type": "text/event-stream"}, events=iter(kept), ending=ending)


def _half(call: Call, ending: Any, reply: Reply) -> Answer:
    """Half of an answer that is one JSON object."""
    body = msgspec.json.encode(call.wire.whole(reply))
    half = body[: len(body) // 2]
    headers = {"content-type": "application/json"}
    if ending == "end":
        return Answer(200, headers, half)
    return Answer(200, headers | {"content-length": str(len(body))}, events=iter([half]), ending=ending)
