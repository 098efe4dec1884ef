"""A conversation is recorded once, however many calls it takes, and every request can be had back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway import whole_request
from loopwright.gateway.requests import RequestKeeper
from loopwright.record import ModelCalled, Payload, Usage

_ITEM = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": st.text(max_size=5)})


def _record(requests: list[Any], api: Any = "chat") -> list[ModelCalled]:
    keeper = RequestKeeper()
    return [
        ModelCalled(
            call=number,
            timestamp="",
            api=api,
            model_asked="m",
            model_served="m",
            backend="b",
            streamed=False,
            status=200,
            finish_reason="stop",
            usage=Usage(),
            cost=None,
            latency_ms=0,
            first_token_ms=None,
            request=Payload(value=keeper.shorten(api, number, request)),
        )
        for number, request in enumerate(requests, 1)
    ]


def _value(payload: Payload) -> Any:
    return payload.value


@given(st.lists(st.tuples(st.lists(_ITEM, max_size=6), st.integers(0, 2)), max_size=8))
def test_every_request_comes_back_as_it_was(pairs: list[tuple[list[Any], int]]) -> None:
    requests = [{"model": "m", "messages": items, "temperature": heat} for items, heat in pairs]
    calls = _record(requests)
    assert [whole_request(calls, number, _value) for number in range(1, len(requests) + 1)] == requests


@pytest.mark.parametrize(("api", "key"), [("chat", "messages"), ("messages", "messages"), ("responses", "input")])
def test_a_growing_conversation_takes_space_in_proportion(api: str, key: str) -> None:
    items = [{"role": "user", "content": "x" * 1000} for _ in range(200)]
    calls = _record([{"tools": ["t" * 5000], key: items[:length]} for length in range(2, 200)], api)
    sizes = [len(msgspec.json.encode(_value(call.request))) for call in calls if call.request]
    assert sizes[-1] < sizes[1] * 1.1
    assert whole_request(calls, 150, _value)[key] == items[:151]


def test_two_conversations_do_not_mix() -> None:
    one, two = [{"content": "a"}, {"content": "b"}], [{"content": "c"}, {"content": "d"}]
    requests = [{"messages": one}, {"messages": two}, {"messages": [*one, {"content": "e"}]}]
    calls = _record(requests)
    assert calls[2].request is not None
    assert calls[2].request.value["same_as"] == {"call": 1, "items": 2, "fields": []}
    assert whole_request(calls, 3, _value) == requests[2]


def test_what_is_no_conversation_is_kept_as_it_is() -> None:
    assert RequestKeeper().shorten("chat", 1, {"prompt": "x"}) == {"prompt": "x"}
    assert RequestKeeper().shorten("chat", 1, [1]) == [1]
