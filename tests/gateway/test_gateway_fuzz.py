"""Requests and answers that nobody in their right mind would send."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway.recorded.backend import _NOT_AN_ANSWER
from loopwright.gateway.scripted.player import request_digest
from loopwright.gateway.sse import SseEvent, SseParser
from loopwright.gateway.wire.neutral import Ask, BadRequest
from loopwright.gateway.wire.registry import WIRES

GOLDEN = Path(__file__).parent.parent / "golden" / "wire"

KEYS = [
    *("messages", "input", "tools", "role", "content", "type", "name", "function", "parameters", "properties"),
    *("text", "output", "tool_calls", "arguments", "call_id", "system", "instructions", "max_tokens", "stream_options"),
]
WORDS = ["user", "assistant", "system", "function", "namespace", "tool_use", "text", "function_call", "{", "ä"]
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(WORDS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)


items = st.lists(st.one_of(st.dictionaries(st.sampled_from(KEYS), values, max_size=5), values), max_size=4)
bodies = st.fixed_dictionaries(
    {}, optional={"messages": items, "input": items, "tools": items, "system": values, "max_tokens": values}
)


@pytest.mark.parametrize("wire", WIRES)
def test_any_object_is_a_request_or_a_bad_one(wire: Any) -> None:
    @given(bodies)
    def check(body: dict[str, Any]) -> None:
        try:
            ask = wire.read(body)
        except BadRequest as error:
            assert str(error)  # noqa: PT017 - most objects are no requests
        else:
            assert isinstance(ask.newest, str)
            assert len(request_digest(ask.dialogue)) == 64

    check()


@pytest.mark.parametrize("wire", WIRES)
def test_a_mangled_stream_is_read_without_a_crash(wire: Any) -> None:
    events = list(SseParser().feed((GOLDEN / f"{wire.api}.sse").read_bytes()))

    @given(st.randoms(use_true_random=False))
    def check(chance: random.Random) -> None:
        mangled = [_mangle(event, chance) for event in events if chance.random() > 0.1]
        if chance.random() < 0.3:
            chance.shuffle(mangled)
        watcher = wire.watcher()
        for event in mangled:
            watcher.event(event)
        msgspec.json.encode(watcher.assembled())

    check()


@pytest.mark.parametrize("wire", WIRES)
def test_a_mangled_answer_is_replayed_or_refused(wire: Any) -> None:
    """What the recorded backend makes of a record that somebody else wrote."""
    whole = msgspec.json.decode((GOLDEN / f"{wire.api}.json").read_bytes())
    asked = Ask((), "", "", "", [])

    @given(st.randoms(use_true_random=False))
    def check(chance: random.Random) -> None:
        try:
            frames = list(wire.events(_replace(whole, chance), asked))
        except _NOT_AN_ANSWER:
            return
        events = list(SseParser().feed(b"".join(frames)))
        assert len(events) == len(frames)

    check()


def _mangle(event: SseEvent, chance: random.Random) -> SseEvent:
    kind = chance.random()
    if kind < 0.7:
        return event
    if kind < 0.8:
        return SseEvent(event.event, event.data[: chance.randrange(len(event.data))], event.raw)
    try:
        value = msgspec.json.decode(event.data)
    except msgspec.DecodeError:
        return event
    return SseEvent(event.event, msgspec.json.encode(_replace(value, chance)), event.raw)


def _replace(value: Any, chance: random.Random) -> Any:
    """The value with some things in it replaced by things of another kind."""
    if chance.random() < 0.1:
        return chance.choice([None, 3, "x", [], {}, [1], {"index": "x"}, True])
    if isinstance(value, dict):
        return {key: _replace(item, chance) for key, item in value.items()}
    return [_replace(item, chance) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"choices": 3, "usage": [], "error": 1, "content": None}])
def test_an_answer_of_another_kind_is_taken_as_it_is(wire: Any, value: Any) -> None:
    watcher = wire.watcher()
    watcher.whole(value)
    assert watcher.seen.usage is None
