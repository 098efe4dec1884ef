"""Recorded streams of Codex: what they become, and that no damage to them loses a whole item or stops anything."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agents.codex_golden import FOLDER, items_of, shown

from loopwright.agents import AgentItem
from loopwright.agents.codex.mapping import TABLE

_STREAMS = {path.stem: path.read_bytes().splitlines() for path in sorted(FOLDER.glob("*.jsonl"))}
_BEGINNING = {name: next(at for at, line in enumerate(lines) if b'"thread' in line) for name, lines in _STREAMS.items()}


@pytest.mark.parametrize("name", _STREAMS)
def test_a_stream_becomes_the_items_that_it_became(name: str) -> None:
    expected = json.loads((FOLDER / f"{name}.items.json").read_text())
    assert [shown(item) for item in items_of(_STREAMS[name])] == expected


def test_there_are_streams_of_both_interfaces() -> None:
    assert set(_STREAMS) >= {"everything", "exec", "failure"}


def _whole(name: str, lines: list[bytes]) -> Counter[str]:
    """The items that Codex told of as complete, by what they say."""
    found: Counter[str] = Counter()
    for line in dict.fromkeys(lines):
        try:
            message = json.loads(line)
        except ValueError:
            continue
        params = message.get("params", message) if isinstance(message, dict) else {}
        item = params.get("item") if isinstance(params, dict) else None
        done = isinstance(message, dict) and str(message.get("method", message.get("type"))) in _DONE
        if done and isinstance(item, dict):
            found[str(item.get("id"))] += _counts(item)
    return found


_DONE = ("item/completed", "item.completed")


def _counts(item: dict[str, Any]) -> int:
    kind = str(item.get("type"))
    camel = "".join(word if at == 0 else word.capitalize() for at, word in enumerate(kind.split("_")))
    row = TABLE.get(camel)
    return 0 if row is not None and row.kind in ("quiet", "notice") else 1


def _kept(items: list[AgentItem]) -> Counter[str]:
    """The complete items by the id that Codex gave them."""
    found: Counter[str] = Counter()
    for item in items:
        if item.part_type != "tool_call" and isinstance(item.raw, dict) and "call_id" not in item.raw:
            found[str(item.raw.get("id")).removeprefix("turn-1.")] += 1
    return found


_Damage = st.lists(
    st.tuples(st.sampled_from(["drop", "twice", "swap", "cut", "byte", "junk"]), st.integers(0), st.integers(0)),
    max_size=12,
)


def _damaged(name: str, damage: list[tuple[str, int, int]]) -> list[bytes]:
    lines = list(_STREAMS[name])
    first = _BEGINNING[name] + 1
    for how, where, what in damage:
        at = first + where % (len(lines) - first)
        line = lines[at]
        if how == "drop":
            del lines[at]
        elif how == "twice":
            lines.insert(first + what % (len(lines) - first), line)
        elif how == "swap":
            other = first + what % (len(lines) - first)
            lines[at], lines[other] = lines[other], lines[at]
        elif how == "cut":
            lines[at] = line[: what % (len(line) + 1)]
        elif how == "byte" and line:
            place = what % len(line)
            lines[at] = line[:place] + bytes([what % 256]) + line[place + 1 :]
        elif how == "junk":
            lines.insert(at, bytes([what % 256, where % 256]) * (what % 9))
    return lines


@pytest.mark.parametrize("name", _STREAMS)
@given(damage=_Damage)
@settings(max_examples=150)
def test_a_damaged_stream_loses_no_whole_item_and_gives_each_once(
    name: str, damage: list[tuple[str, int, int]]
) -> None:
    lines = _damaged(name, damage)
    whole, kept = _whole(name, lines), _kept(items_of(lines))
    broken = any(how == "byte" for how, _, _ in damage)
    if not broken:
        assert kept == +whole
    else:  # a changed id makes an item another one, but what is not touched stays
        assert set(whole) - set(_whole(name, _STREAMS[name])) or set(+whole) <= set(kept)


_Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "path", "id"]), inner),
    max_leaves=6,
)


_FIELDS = sorted(
    {"text", "summary", "content", "command", "commandActions", "aggregatedOutput", "exitCode", "status", "changes"}
    | {"tool", "arguments", "result", "error", "receiverThreadIds", "agentsStates", "call_id", "query", "review"}
)


@given(
    kind=st.sampled_from([*TABLE, "somethingNew"]),
    fields=st.dictionaries(st.sampled_from(_FIELDS), _Json),
    thread=_Json,
)
def test_any_value_in_any_field_gives_an_item(kind: str, fields: dict[str, Any], thread: Any) -> None:
    begin = {"id": 2, "result": {"thread": {"id": "t"}}}
    messages = [begin]
    for method in ("item/started", "item/completed", "rawResponseItem/completed"):
        item = {**fields, "type": kind, "id": "one"}
        messages.append({"method": method, "params": {"threadId": thread, "item": item}})
    notices: list[str] = []
    items = items_of([json.dumps(message).encode() for message in messages], notices)
    row = TABLE.get(kind)
    if row is None:
        assert [item.part_type for item in items] == ["unknown"]
        assert len(notices) == 1
    elif row.kind == "tool":
        assert [item.part_type for item in items] == ["tool_call", "tool_result"]
    elif row.kind in ("said", "patch"):
        assert [item.part_type for item in items] == [row.part_type if row.kind == "said" else "patch"]
    else:
        assert items == []


def test_an_unknown_kind_is_kept_as_it_came_and_told_once(tmp_path: Path) -> None:
    begin = b'{"id":2,"result":{"thread":{"id":"t"}}}'
    lines = [begin] + [
        json.dumps(
            {"method": "item/completed", "params": {"item": {"type": "hologram", "id": str(at), "x": [at]}}}
        ).encode()
        for at in range(3)
    ]
    notices: list[str] = []
    items = items_of(lines, notices)
    assert [(item.part_type, item.item_type) for item in items] == [("unknown", "hologram")] * 3
    assert items[2].raw == {"type": "hologram", "id": "2", "x": [2]}
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("read", "status"),
    [
        ("unsupported call: fly", "failed"),
        ("unsupported custom tool call: fly", "failed"),
        ("failed to parse function arguments: missing field `x`", "failed"),
        ("exec_command failed: CreateProcess { message: ... }", "failed"),
        ("Plan updated", "completed"),
        ("the log says: unsupported call: fly", "completed"),
    ],
)
def test_a_call_that_codex_refused_has_failed_though_it_says_nothing_of_it(read: str, status: str) -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "fly", "arguments": "{}"}
    told = [call, {"type": "function_call_output", "call_id": "c1", "output": read}]
    lines = [b'{"id":2,"result":{"thread":{"id":"t"}}}'] + [
        json.dumps({"method": "rawResponseItem/completed", "params": {"item": item}}).encode() for item in told
    ]
    items = items_of(lines)
    assert [(item.part_type, item.tool_name, item.tool_status) for item in items] == [
        ("tool_call", "fly", "called"),
        ("tool_result", "fly", status),
    ]
