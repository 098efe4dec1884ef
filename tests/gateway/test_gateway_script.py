from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from loopwright.base import UsageError
from loopwright.gateway.scripted.load import load_script, parse_script
from loopwright.gateway.scripted.schema import Script

HEAD = "version: 1\nname: demo\nreplies:\n"


def parse(text: str) -> Script:
    return parse_script(text, "s.yaml", Path())


def test_a_full_script(tmp_path: Path) -> None:
    (tmp_path / "big.py").write_text("print(1)\n")
    (tmp_path / "s.yaml").write_text(
        """
version: 1
name: scripted-demo
about: shows everything
pace: 0.5
price: {input: 1.0, output: 4.0}
replies:
  - id: first
    think: hm
    say: I write.
    calls:
      - write: {path: a.py, text: "x"}
      - write: {path: b.py, file: big.py}
      - edit: {path: a.py, old: x, new: y}
      - shell: ls -l
      - shell: {command: sleep 1, timeout: 30}
      - run_tests: ""
      - call: {name: list_dir, arguments: {path: .}}
    usage: {input: 1200, output: 300, cache_read: 10, reasoning: 5}
  - when: {contains: FAIL, lacks: ok, matches: "^x"}
    until: {contains: passed}
    at_most: 5
    say: again
    goto: first
"""
    )
    script, digest = load_script(tmp_path / "s.yaml")
    assert [call.model_fields_set for call in script.replies[0].calls] == [
        {"write"},
        {"write"},
        {"edit"},
        {"shell"},
        {"shell"},
        {"run_tests"},
        {"call"},
    ]
    written = script.replies[0].calls[1].write
    assert written is not None
    assert written.text == "print(1)\n"
    assert script.index_of("first") == 0
    assert len(digest) == 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "  - sya: x", r"s\.yaml:4: replies\[0\]\.sya: unknown key\. Did you mean 'say'\?"),
        (HEAD + "  - say: x\n    calls:\n      - shel: ls", r"s\.yaml:6: replies\[0\]\.calls\[0\]\.shel: .*'shell'"),
        (
            HEAD + "  - calls:\n      - write: {path: a, txt: b}",
            r"s\.yaml:5: replies\[0\]\.calls\[0\]\.write\.txt: .*'text'",
        ),
        (HEAD + "  - say: x\n    when: {contians: a}", r"s\.yaml:5: replies\[0\]\.when\.contians: .*'contains'"),
        (HEAD + "  - say: x\n    say: y", r"s\.yaml:5: the key 'say' is here twice"),
        (HEAD + "  - say: no", r"s\.yaml:4: replies\[0\]\.say: .*in quotes"),
        (HEAD + "  - {}", r"s\.yaml:4: replies\[0\]: an empty reply"),
        (HEAD + "  - say: x\n    goto: y", r"goto names the id 'y'"),
        (HEAD + "  - {id: a, say: x}\n  - {id: a, say: y}", r"two replies have the id 'a'"),
        (HEAD + "  - say: x\n    at_most: 3", r"replies\[0\]: at_most is the bound of until"),
        (HEAD + "  - say: x\n    when: {}", r"when: needs one of contains, matches, lacks"),
        (HEAD + "  - say: x\n    when: {matches: '('}", r"matches: not a regular expression"),
        (HEAD + "  - calls:\n      - {shell: ls, run_tests: ''}", r"calls\[0\]: needs exactly one of"),
        (HEAD + "  - calls:\n      - write: {path: a}", r"write: needs exactly one of text and file"),
        (HEAD + "  - calls:\n      - write: {path: a, file: gone.txt}", r"s\.yaml:5: .*gone\.txt: cannot be read"),
        (HEAD + "  - say: [", r"s\.yaml:\d+: not YAML"),
        (HEAD, r"s\.yaml:3: replies"),
        ("version: 2\nname: x\nreplies: [{say: a}]", r"s\.yaml:1: version"),
        ("version: 1\nreplies: [{say: a}]", r"name: field required"),
        ("version: 1\nname: a b\nreplies: [{say: a}]", r"s\.yaml:2: name"),
        ("", r"s\.yaml: a script is a mapping"),
        ("- 1", r"s\.yaml: a script is a mapping"),
        ("&a [*a]", r"a script is a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_key(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_script_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"name: \xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_script(tmp_path / "s.yaml")


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=30)
texts = st.text(st.characters(codec="utf-8"), max_size=60)
calls = st.one_of(
    st.fixed_dictionaries({"write": st.fixed_dictionaries({"path": words, "text": texts})}),
    st.fixed_dictionaries({"edit": st.fixed_dictionaries({"path": words, "old": words, "new": texts})}),
    st.fixed_dictionaries({"shell": words}),
    st.fixed_dictionaries({"run_tests": texts}),
    st.fixed_dictionaries({"call": st.fixed_dictionaries({"name": words, "arguments": st.just({"a": [1, None]})})}),
)
replies = st.fixed_dictionaries(
    {"say": words}, optional={"think": texts, "calls": st.lists(calls, max_size=3), "when": st.just({"lacks": "x"})}
)


@given(st.lists(replies, min_size=1, max_size=4))
def test_what_is_written_is_read(written: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump({"version": 1, "name": "n", "replies": written}, allow_unicode=False)
    script = parse(text)
    assert [reply.say for reply in script.replies] == [reply["say"] for reply in written]
    assert [len(reply.calls) for reply in script.replies] == [len(reply.get("calls", [])) for reply in written]


@given(st.text(max_size=200))
def test_any_text_is_a_script_or_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@given(
    st.integers(0, 400),
    st.integers(0, 40),
    st.sampled_from(["", "x", "{", ":", "\t", "*a", "&a", "!!int", "!!timestamp x", "\0"]),
)
def test_a_damaged_script_never_crashes(at: int, cut: int, junk: str) -> None:
    text = (
        HEAD + "  - id: a\n    say: x\n    calls:\n      - write: {path: a, text: b}\n      - shell: ls\n  - say: y\n"
    )
    damaged = text[:at] + junk + text[at + cut :]
    try:
        script: Script | None = parse(damaged)
    except UsageError:
        script = None
    assert script is None or script.version == 1
