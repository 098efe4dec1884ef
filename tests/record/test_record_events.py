"""Every event type survives a journal, whatever its fields hold."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from loopwright.record import Event, Journal, RunDir, SkippedFile, decode_event, encode_event, fold, read_events
from loopwright.record.samples import sample_events

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


_PLAIN: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.BoolType: st.booleans(),
    inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.StrType: st.text(max_size=12),
    inspect.NoneType: st.none(),
    inspect.AnyType: _JSON,
}


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a msgspec type, so that a field added to an event is tested without being named here."""
    match kind:
        case inspect.StructType():
            return st.builds(kind.cls, **{field.name: _values(field.type) for field in kind.fields})
        case inspect.UnionType():
            return st.one_of([_values(each) for each in kind.types])
        case inspect.VarTupleType():
            return st.lists(_values(kind.item_type), max_size=2).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_values(kind.key_type), _values(kind.value_type), max_size=2)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case _:
            return _PLAIN[type(kind)]


_EVENTS: st.SearchStrategy[Event] = st.one_of([_values(inspect.type_info(kind)) for kind in get_args(Event)])


@given(_EVENTS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_an_event_comes_back_from_its_bytes(event: Event) -> None:
    encoded = encode_event(event)
    assert b"\n" not in encoded
    assert decode_event(encoded) == event


@given(st.lists(_EVENTS, max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_events_come_back_from_a_journal(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> None:
    rundir = RunDir.create(tmp_path_factory.mktemp("home"), "one")
    with Journal.open(rundir) as journal:
        seqs = [journal.append(event) for event in events]
    assert list(read_events(rundir.journal)) == list(zip(seqs, events, strict=True))


def test_the_sample_has_every_kind_of_event() -> None:
    assert {type(event) for event in sample_events()} == set(get_args(Event))


def test_the_garbage_collector_has_nothing_to_do_with_events() -> None:
    """A run has a million of them, and each of its passes would look at all."""
    events = sample_events()
    trace = fold(events)
    assert not [each for each in (*events, trace, *trace.parts, *trace.grades) if gc.is_tracked(each)]


def test_fields_of_a_newer_version_are_ignored() -> None:
    for event in sample_events():
        raw = msgspec.json.decode(encode_event(event))
        newer = msgspec.json.encode(raw | {"added_later": {"x": 1}})
        assert decode_event(newer) == event


def test_an_event_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_event(b'{"type":"from_the_future"}')


_GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_golden_journals_have_every_kind_of_event() -> None:
    events = [event for path in _GOLDEN.glob("journal_*.jsonl") for _, event in read_events(path)]
    assert {type(event) for event in events} == set(get_args(Event))


@pytest.mark.parametrize("age", ["v1", "v1_agents"])
def test_the_golden_journal_stays_readable(age: str) -> None:
    golden = _GOLDEN / f"journal_{age}.jsonl"
    events = [event for _, event in read_events(golden)]
    written = [line.partition(b'"event":')[2][:-1] for line in golden.read_bytes().splitlines()]
    for event, line in zip(events, written, strict=True):
        _assert_keeps(msgspec.json.decode(line), msgspec.json.decode(encode_event(event)))


def _assert_keeps(old: Any, new: Any) -> None:
    """Everything that the old record said is still said; new fields may have come."""
    if isinstance(old, dict):
        for key, value in old.items():
            _assert_keeps(value, new[key])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            _assert_keeps(one, other)
    else:
        assert old == new


def test_bytes_that_are_not_utf8_are_no_event() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_event(b'{"type":"stop_requested","timestamp":"\xff","source":"x"}')


@pytest.mark.parametrize("reason", ["too_large", "special_file", "unreadable"])
def test_why_a_file_was_not_kept_is_said_in_words(reason: str) -> None:
    why = msgspec.convert({"path": "x", "size": 1, "reason": reason}, SkippedFile).why
    assert "_" not in why
    assert why != reason
