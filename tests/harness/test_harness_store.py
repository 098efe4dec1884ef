"""Results kept from one grade to the next."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from loopwright.harness._store import ResultStore, store_key
from loopwright.harness.results import CaseResult

ONE = CaseResult("a/1", "a", "passed", 3)
TWO = CaseResult("a/2", "a", "failed", 4, message="line\nline", expected="\x00\u2028", actual="é")


def test_what_was_added_is_found(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "cache", "k")
    assert store.load(["a/1"]) == {}
    store.add(ONE)
    store.add(TWO)
    assert ResultStore(tmp_path / "cache", "k").load(["a/1", "a/2", "a/3"]) == {"a/1": ONE, "a/2": TWO}
    assert ResultStore(tmp_path / "cache", "k").load(["a/2"]) == {"a/2": TWO}
    assert ResultStore(tmp_path / "cache", "other").load(["a/1"]) == {}
    store.close()
    store.add(CaseResult("a/3", "a", "passed", 1))
    store.close()
    assert len(ResultStore(tmp_path / "cache", "k").load(["a/1", "a/2", "a/3"])) == 3


@given(st.integers(0, 400), st.binary(max_size=30))
def test_a_torn_line_costs_only_itself(cut: int, rubbish: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = ResultStore(Path(folder), "k")
        store.add(TWO)
        path = Path(folder) / "k.jsonl"
        path.write_bytes(path.read_bytes()[:cut] + rubbish.replace(b"\n", b""))
        store.add(ONE)
        store.close()
        found = ResultStore(Path(folder), "k").load(["a/1", "a/2"])
        assert found["a/1"] == ONE
        assert found.get("a/2", TWO) == TWO


def test_keys_do_not_run_together() -> None:
    assert store_key("ab", "c") != store_key("a", "bc")
