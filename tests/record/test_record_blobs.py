"""Payloads by value and by blob."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.base import MachineError
from loopwright.record import BlobStore, Payload
from loopwright.record.blobs import INLINE_BYTES, PREVIEW_CHARS

_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(_VALUES)
@settings(max_examples=100)
def test_any_json_value_comes_back(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    blobs = BlobStore(tmp_path_factory.mktemp("blobs"))
    assert blobs.value(blobs.payload(value)) == value
    big = [value, "x" * INLINE_BYTES]
    assert blobs.value(blobs.payload(big)) == big


def test_the_limit_is_on_the_encoded_bytes(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    fits = blobs.payload("x" * (INLINE_BYTES - 2))
    above = blobs.payload("x" * (INLINE_BYTES - 1))
    assert fits.size == INLINE_BYTES
    assert isinstance(fits.value, str)
    assert isinstance(above.blob, str)
    assert above.size == INLINE_BYTES + 1
    assert above.preview == "x" * PREVIEW_CHARS
    assert not isinstance(blobs.payload("é" * (INLINE_BYTES // 2)).blob, type(None))


def test_a_blob_is_written_once(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    first = blobs.payload(["y" * INLINE_BYTES])
    assert isinstance(first.blob, str)
    path = blobs.path(first.blob)
    os.utime(path, (1, 1))
    assert blobs.payload(["y" * INLINE_BYTES]) == first
    assert path.stat().st_mtime == 1
    assert path.parent.name == first.blob[:2]
    assert [name for name in path.parent.iterdir() if name.name.startswith(".")] == []


@pytest.mark.parametrize("tail", ["", "x" * INLINE_BYTES])
def test_undecodable_text_is_kept_readable(tmp_path: Path, tail: str) -> None:
    blobs = BlobStore(tmp_path)
    stored = blobs.payload({"bad \udcff": "caf\udce9 é" + tail})
    assert blobs.value(stored) == {"bad ?": "caf? é" + tail}


def test_hostile_depth_is_flattened_to_text(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(600):
        deep = [deep]
    blobs = BlobStore(tmp_path)
    value, levels = blobs.value(blobs.payload({"deep": deep}))["deep"], 0
    while isinstance(value, list):
        value, levels = value[0], levels + 1
    assert 50 < levels <= 100
    assert value.startswith("[[[")


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="missing"):
        BlobStore(tmp_path).value(Payload(blob="a" * 64, size=9000))


def test_a_damaged_blob_is_not_believed(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    payload = blobs.payload("z" * INLINE_BYTES)
    assert isinstance(payload.blob, str)
    blobs.path(payload.blob).write_bytes(b'"something else"')
    with pytest.raises(MachineError, match="damaged"):
        blobs.value(payload)


@pytest.mark.parametrize("digest", ["../../../etc/passwd", "A" * 64, "a" * 63, ""])
def test_a_forged_digest_reaches_no_file(tmp_path: Path, digest: str) -> None:
    with pytest.raises(MachineError, match="not the digest"):
        BlobStore(tmp_path).value(Payload(blob=digest, size=1))


def test_a_blob_that_cannot_be_written_is_a_machine_error(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file is in the way")
    with pytest.raises(MachineError, match="Cannot store a payload"):
        BlobStore(tmp_path / "blobs").payload("x" * 9000)
