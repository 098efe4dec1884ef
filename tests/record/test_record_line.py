"""The journal's line format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.record._line import BadLine, frame, unframe

_EVENTS = st.binary().map(lambda data: b"{" + data.replace(b"\n", b" ") + b"}")
_SEQS = st.integers(1, 10**17)


@given(_SEQS, _EVENTS)
def test_a_line_comes_back(seq: int, event: bytes) -> None:
    line = frame(seq, event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    for form in (line, line[:-1]):
        number, data = unframe(form)
        assert (number, bytes(data)) == (seq, event)


@given(_SEQS, _EVENTS, st.data())
def test_a_changed_byte_of_the_event_is_found(seq: int, event: bytes, data: st.DataObject) -> None:
    line = bytearray(frame(seq, event))
    start = line.index(b'"event":') + len(b'"event":')
    index = data.draw(st.integers(start, len(line) - 2))
    line[index] ^= data.draw(st.integers(1, 255))
    if line[index] == ord("\n"):
        return
    with pytest.raises(BadLine):
        unframe(bytes(line))


@given(st.binary())
def test_no_bytes_make_it_fail_otherwise(junk: bytes) -> None:
    with pytest.raises(BadLine):
        unframe(junk)
