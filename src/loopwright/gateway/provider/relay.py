"""Passing a provider's stream on, byte for byte, while reading along."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable

import anyio
import httpx2
import msgspec

from loopwright.gateway._call import Call
from loopwright.gateway.sse import SseEvent, SseParser
from loopwright.gateway.wire.neutral import Watcher
from loopwright.record import Usage

__all__ = ["learn", "relay"]


async def relay(
    call: Call,
    response: httpx2.Response,
    chunks: AsyncIterator[bytes],
    first: bytes,
    *,
    drop_usage: bool,
    scrub: Callable[[bytes], bytes],
) -> AsyncGenerator[bytes]:
    """Yield what the agent gets, chunk by chunk, and fill in the call on the way.

    Args:
        call: The call.
        response: The provider's response; closed at the end, however it comes.
        chunks: The rest of its body.
        first: The chunk that has already been read.
        drop_usage: Leave the usage event out, because the agent did not ask for it.
        scrub: Takes the key out of bytes.
    """
    parser, watcher = SseParser(), call.wire.watcher()
    watcher.seen.fresh = [] if call.on_text is not None else None
    try:
        chunk: bytes | None = first
        while chunk is not None:
            chunk = scrub(chunk)
            events = list(parser.feed(chunk))
            _watch(call, watcher, events)
            yield b"".join(_wanted(events)) if drop_usage else chunk
            # After the agent has it, so that nobody who looks on slows the stream.
            _tell(call, watcher)
            chunk = await _next(call, chunks)
        if drop_usage:
            yield parser.rest
    finally:
        if not call.done:
            learn(call, watcher)
        with anyio.CancelScope(shield=True):
            await response.aclose()
    if not call.done and not call.finish_reason:
        call.error = call.error or "The provider's stream ended before its last event."
    elif not call.cut:
        call.in_doubt = False


def _watch(call: Call, watcher: Watcher, events: list[SseEvent]) -> None:
    for event in events:
        watcher.event(event)
    if watcher.seen.has_token:
        call.saw_token()
    if watcher.seen.complete and not call.done:
        learn(call, watcher)
        call.done, call.in_doubt = True, False


def _tell(call: Call, watcher: Watcher) -> None:
    pieces = watcher.seen.fresh
    if pieces and call.on_text is not None:
        for kind, text in pieces:
            call.on_text(kind, text)
        pieces.clear()


async def _next(call: Call, chunks: AsyncIterator[bytes]) -> bytes | None:
    """The next chunk, or None at the end or where the stream broke."""
    try:
        chunk = await anext(chunks, None)
    except httpx2.TransportError as error:
        call.cut = True
        call.error = f"The provider's stream was cut: {str(error) or type(error).__name__}"
        return None
    call.activity.touch()
    return chunk


def learn(call: Call, watcher: Watcher) -> None:
    """Take over what a watcher has seen. Where no usage was reported for an answer, estimate it and say so."""
    seen = watcher.seen
    call.model_served = seen.model or call.model_served
    call.finish_reason, call.error = seen.finish, seen.error or call.error
    call.response = watcher.assembled()
    if seen.usage is not None:
        call.usage, call.long_cache_writes, call.cost = seen.usage, seen.long_cache_writes, seen.cost
    elif call.response and not seen.error:
        call.usage_estimated = True
        call.usage = Usage(-(-len(call.body) // 4), -(-len(msgspec.json.encode(call.response)) // 4))


def _wanted(events: list[SseEvent]) -> list[bytes]:
    return [event.raw for event in events if not _only_usage(event)]


def _only_usage(event: SseEvent) -> bool:
    """Whether a chat chunk has nothing but the token counts (its `choices` are empty)."""
    if b'"usage"' not in event.data:
        return False
    try:
        value = msgspec.json.decode(event.data)
    except msgspec.DecodeError:
        return False
    return isinstance(value, dict) and value.get("choices") == [] and bool(value.get("usage"))
