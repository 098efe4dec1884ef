from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.gateway.sse import SseParser, frame, pieces

STREAM = (
    b'event: a\ndata: {"x": 1}\n\n'
    b": a comment\r\n\r\n"
    b"data: one\r\ndata: two\r\n\r\n"
    b"event:b\rdata:three\r\r"
    b"data: \xc3\xa4\n\n"
    b"data: [DONE]\n\n"
)
EXPECTED = [("a", b'{"x": 1}'), ("", b""), ("", b"one\ntwo"), ("b", b"three"), ("", b"\xc3\xa4"), ("", b"[DONE]")]


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_a_cut_at_any_byte_changes_nothing(at: int) -> None:
    parser = SseParser()
    events = [*parser.feed(STREAM[:at]), *parser.feed(STREAM[at:])]
    assert [(event.event, event.data) for event in events] == EXPECTED
    assert b"".join(event.raw for event in events) + parser.rest == STREAM


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_no_byte_is_lost_whatever_comes(data: bytes, cuts: list[int]) -> None:
    parser, raw, last = SseParser(), b"", 0
    for cut in [*sorted(cut for cut in cuts if cut <= len(data)), len(data)]:
        raw += b"".join(event.raw for event in parser.feed(data[last:cut]))
        last = cut
    assert raw + parser.rest == data
    whole = SseParser()
    assert b"".join(event.raw for event in whole.feed(data)) + whole.rest == data


def test_an_endless_event_is_dropped() -> None:
    parser = SseParser(limit=100)
    assert list(parser.feed(b"data: " + b"x" * 200)) == []
    assert (parser.dropped, parser.rest) == (1, b"")


@given(st.text(max_size=500), st.integers(1, 8))
def test_pieces_are_the_text(text: str, most: int) -> None:
    cut = pieces(text, most)
    assert "".join(cut) == text
    assert len(cut) <= most
    assert all(cut)


def test_a_frame_is_one_event() -> None:
    events = list(SseParser().feed(frame({"a": "line\nbreak"}, "name")))
    assert [(event.event, event.data) for event in events] == [("name", b'{"a":"line\\nbreak"}')]
