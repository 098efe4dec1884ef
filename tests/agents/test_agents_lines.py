"""Reading lines from programs that print anything."""

from __future__ import annotations

import json

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.agents.lines import Splitter, lines, parse_object


@given(st.lists(st.binary(max_size=20)), st.integers(1, 30))
def test_pieces_make_the_same_lines_as_the_whole(pieces: list[bytes], most: int) -> None:
    dropped: list[int] = []
    splitter = Splitter(most, dropped.append)
    found = [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()
    whole = b"".join(pieces).split(b"\n")
    expected = [line[:most].removesuffix(b"\r") for line in whole]
    assert found == [line for line in expected if line]
    assert sum(dropped) == sum(max(len(line) - most, 0) for line in whole)


def test_a_stream_ends_with_its_last_line_even_where_it_breaks() -> None:
    async def read() -> list[bytes]:
        send, receive = anyio.create_memory_object_stream[bytes](5)
        for piece in (b"one\ntw", b"o\n\nthr", b"ee"):
            await send.send(piece)
        send.close()
        return [line async for line in lines(receive)]  # type: ignore[arg-type]

    assert anyio.run(read) == [b"one", b"two", b"three"]


@given(st.dictionaries(st.text(), st.none() | st.integers(-(2**63), 2**63) | st.text()))
def test_an_object_is_read_as_it_is(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_an_object_or_nothing(data: bytes) -> None:
    assert parse_object(data) is None or data.strip().startswith(b"{")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"a":"\xff\xfe"}', {"a": "\ufffd\ufffd"}),
        (b'{"a":"\\ud800"}', {"a": "?"}),
        (b'{"\\udfff":[{"b":"\\ud800x"}]}', {"?": [{"b": "?x"}]}),
        (b'{"a":NaN}', {"a": None}),
        (b"[1]", None),
        (b'"text"', None),
        (b"[" * 100_000, None),
        (b'{"a":1', None),
    ],
)
def test_odd_lines(line: bytes, value: object) -> None:
    assert parse_object(line) == value
