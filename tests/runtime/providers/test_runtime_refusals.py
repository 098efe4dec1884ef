"""A refusal reaches a person in the provider's words: short, on one line, without escapes and without keys."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.runtime.providers import Api, Chunk, ModelError, Prompt, Request, Wire, open_provider
from loopwright.runtime.providers._refusals import own_words

KEY = "sk-planted-0123456789"
REQUEST = Request("m", (Chunk("s"),), (Prompt("Go."),))


class Refusal:
    """As the SDKs raise it."""

    def __init__(self, body: Any, status: int | None = 400) -> None:
        self.body = body
        self.status_code = status

    def __str__(self) -> str:
        return "Error code: 400"


async def _refused(api: Api, answer: httpx2.Response) -> str:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda request: answer))
    provider = open_provider(api, Wire(http, {}))
    try:
        with pytest.raises(ModelError) as caught:
            await provider.ask(REQUEST, lambda kind, text: None)
    finally:
        await provider.close()
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "No such setting.", "code": "x"}}, "No such setting."),
        ({"message": "No such setting.", "object": "error"}, "No such setting."),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "Overloaded"),
        ({"error": 'model "x" not found'}, 'model "x" not found'),
        ({"detail": "Not here."}, "Not here."),
        ({"detail": [{"loc": ["body", "tools"], "msg": "extra", "type": "x"}]}, "body.tools: extra"),
        ("<html><title>t</title><style>p {}</style><h1>Blocked</h1>by  us</html>", "HTTP 400: Blocked by us"),
        ("", "HTTP 400"),
        ({}, "Error code: 400"),
        (None, "Error code: 400"),
    ],
)  # fmt: skip
def test_the_sentence_is_found_wherever_it_stands(body: Any, words: str) -> None:
    assert own_words(Refusal(body)) == words


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["message", "error", "detail", "loc", "msg"]), inner)
        ),
    )
)
def test_any_body_gives_some_words(body: Any) -> None:
    assert isinstance(own_words(Refusal(body)), str)


def test_a_page_that_is_all_openers_is_read_in_time() -> None:
    begun = time.process_time()
    own_words(Refusal("<script" * 1_000_000))
    assert time.process_time() - begun < 2


@pytest.mark.anyio
@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
async def test_words_are_cut_cleaned_and_without_keys(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_API_KEY", KEY)
    words = f"Wrong\x1b[31m\nkey {KEY}, " + "long " * 900
    told = await _refused(api, httpx2.Response(400, json={"error": {"message": words}}))
    assert told.startswith("Wrong␛[31m key [redacted: OTHER_API_KEY], long")
    assert len(told) < 600
    # A key that the cut divides is no less a key.
    told = await _refused(api, httpx2.Response(400, json={"error": {"message": "x" * 480 + " " + KEY}}))
    assert KEY[:8] not in told


@pytest.mark.anyio
async def test_so_are_those_of_a_stream_that_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_API_KEY", KEY)
    event = f'event: error\ndata: {{"type":"error","sequence_number":1,"message":"Gone.\\u001b {KEY}","code":"x"}}\n\n'
    answer = httpx2.Response(200, content=event.encode(), headers={"content-type": "text/event-stream"})
    assert await _refused("responses", answer) == "Gone.␛ [redacted: OTHER_API_KEY]"
