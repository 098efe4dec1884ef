"""What holds for every dialect, whatever text it is given."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.base import UsageError
from loopwright.runtime.calls import Call, Parsed
from loopwright.runtime.dialects import Grammar, ParseOptions, dialect_names, explain, get_dialect, render
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

TEXT_DIALECTS = [name for name in dialect_names() if name != "provider_native"]
GRAMMARS = st.builds(
    Grammar,
    st.sampled_from(["aider_diff", "unified_diff", "opencode_patch", "xml"]),
    st.sampled_from(["bash_block", "pythonic"]),
    st.sampled_from(["pythonic", "xml", "json_block", "yaml_command", "provider_native"]),
)

PIECES = st.sampled_from(
    [
        *("<BASH>", "</BASH>", "<TOOL_CALL>", "</TOOL_CALL>", "f(a=1)", 'f(a="', "b.c-d(x=[True, null])", "'''", '"'),
        *("<function_calls>", "</function_calls>", '<invoke name="f">', "</invoke>", '<parameter name="x">'),
        *("</parameter>", '<parameter name="y" type="json">', "```", "````", "~~~", "```json", "```yaml", "```diff"),
        *("```patch", "```python", '{"tool_calls": [', '{"function": "f", "arguments": {"a": 1}}', "]}", "tools:"),
        *("  - name: f", "    args: {a: 1}", "*** Begin Patch", "*** Update File: a.py", "*** Add File: b.py"),
        *(
            "*** Delete File: c",
            "*** Move to: d",
            "*** End of File",
            "*** End Patch",
            "@@ def f",
            "@@",
            "@@ -1,2 +1,3 @@",
        ),
        *(" kept", "-old", "+new", "--- a/x", "+++ b/x", "--- /dev/null", "+++ /dev/null", "diff --git a/x b/y"),
        *("rename from x", "rename to y", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "src/a.py", "`", "``"),
        *("\r", "\0", "\ud800", "ü", "    ", "\t", "prose.", "\\ No newline at end of file", "&a", "*a", "!!x"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES | st.text(max_size=8), max_size=25).map("\n".join),
    st.lists(st.tuples(PIECES, st.sampled_from(["\n", "\r\n", " ", ""])), max_size=30).map(
        lambda pairs: "".join(map("".join, pairs))
    ),
    st.text(st.characters(), max_size=200),
)


def check(text: str, parsed: Parsed) -> None:
    spans = [call.span for call in parsed.calls if call.span]
    assert len(spans) == len(parsed.calls)
    everything = sorted([*spans, *(fault.span for fault in parsed.malformed)])
    assert spans == sorted(spans)
    done = 0
    for start, end in everything:
        assert done <= start < end <= len(text)
        done = end
    assert [call.call_id for call in parsed.calls] == [f"text_3_{n}" for n in range(1, len(spans) + 1)]
    for call in parsed.calls:
        assert call.span
        assert call.raw == text[call.span[0] : call.span[1]]
        assert call.origin == "text"
        assert isinstance(call.arguments, dict)
    for fault in parsed.malformed:
        assert 1 <= fault.line <= text.count("\n") + 1
        assert f"line {fault.line}" in explain(fault)
        assert fault.expected
    assert len(parsed.prose) <= len(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(TEXT_DIALECTS))
def test_any_text_is_read_without_a_crash_and_spans_are_disjoint(text: str, dialect: str) -> None:
    check(text, get_dialect(dialect).parse(text, 3))


@settings(max_examples=300, deadline=None)
@given(TEXTS, GRAMMARS)
def test_a_grammar_reads_any_text_by_position(text: str, grammar: Grammar) -> None:
    check(text, grammar.parse(text, 3))


OPENERS = re.compile(
    r"<(BASH|TOOL_CALL|function_calls|invoke)|<{5} ?|SEARCH|Begin Patch|diff --git|^ *---|`{3}|~{3}", re.M
)


@settings(max_examples=200, deadline=None)
@given(TEXTS.filter(lambda text: not OPENERS.search(text)), GRAMMARS)
def test_prose_without_openers_is_prose(text: str, grammar: Grammar) -> None:
    assert grammar.parse(text, 1) == Parsed((), (), text)


@settings(max_examples=150, deadline=None)
@given(TEXTS, GRAMMARS)
def test_nothing_runs_inside_of_an_ordinary_fence(text: str, grammar: Grammar) -> None:
    inside = text.replace("`", "'").replace("~", "-")
    parsed = grammar.parse(f"See:\n`````text\nThis is an example.\n{inside}\n`````\nDone.\n", 1)
    assert parsed.calls == ()
    assert parsed.malformed == ()


@settings(max_examples=150, deadline=None)
@given(TEXTS, GRAMMARS)
def test_the_same_text_inside_of_inline_code_runs_nothing(text: str, grammar: Grammar) -> None:
    inside = " ".join(text.replace("`", "'").split())
    assert grammar.parse(f"Write `{inside}` for that.", 1).calls == ()


# Round trips: what is rendered is read again as the same call.

NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "10",
        "true",
        "",
        "\n",
        "a\nb\n",
        "\nx",
        '"q"',
        "'''",
        "</TOOL_CALL>",
        "</parameter>\n</invoke>",
        "```\n",
        "x\r\ny",
        "- a",
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["pythonic", "json_block", "yaml_command", "xml"]), NAMES, st.dictionaries(NAMES, JSON, max_size=4)
)
def test_calls_of_any_tool_survive_the_round_trip(dialect: str, tool: str, arguments: dict[str, Any]) -> None:
    call = Call("", f"t_{tool}", arguments, "")
    text = render(dialect, call)
    (read,) = get_dialect(dialect).parse(f"Now:\n{text}\nWell.", 1).calls
    assert (read.tool, read.arguments) == (call.tool, call.arguments)


def test_odd_names_survive_where_they_can_be_written() -> None:
    for dialect in ("pythonic", "json_block", "yaml_command", "xml"):
        call = Call("", "mcp__x.y-z", {"from": 1, "a-b": "c"}, "")
        (read,) = get_dialect(dialect).parse(render(dialect, call), 1).calls
        assert (read.tool, read.arguments) == (call.tool, call.arguments)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(["make\n./x", "cat <<E\n</BASH> x\nE"]))
def test_commands_survive_the_round_trip_or_are_refused(command: str) -> None:
    call = Call("", "run_shell", {"command": command}, "")
    try:
        text = render("bash_block", call)
    except UsageError:
        return
    (read,) = get_dialect("bash_block").parse(text, 1).calls
    assert read.arguments == {"command": command}


PATHS = st.from_regex(r"[a-z]{1,5}/[a-z]{1,5}\.py", fullmatch=True)
CODE = st.lists(
    st.sampled_from(
        ["x = 1", "    y", "", "-- c", "++ d", "@@ e", "*** f", "```", "=======", " ", "- i", "def f():", "é", "\\ n"]
    ),
    max_size=5,
).map(lambda lines: "".join(f"{line}\n" for line in lines))
HUNKS = st.builds(Hunk, CODE, CODE).filter(lambda hunk: hunk.old != hunk.new)
OPERATIONS = st.one_of(
    st.builds(Create, PATHS, CODE),
    st.builds(Delete, PATHS),
    st.builds(Move, PATHS, PATHS),
    st.builds(Update, PATHS, st.lists(HUNKS, min_size=1, max_size=3).map(tuple), st.none() | PATHS),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["aider_diff", "unified_diff", "opencode_patch"]),
    st.lists(OPERATIONS, min_size=1, max_size=3, unique_by=lambda operation: operation.path),
)
def test_edits_survive_the_round_trip_or_are_refused(dialect: str, operations: list[Operation]) -> None:
    call = Call("", "apply_patch", {}, "", operations=tuple(operations))
    try:
        text = render(dialect, call)
    except UsageError:
        return
    parsed = get_dialect(dialect).parse(f"Now:\n\n{text}\n\nDone.\n", 1, ParseOptions(use_dev_null=True))
    assert parsed.malformed == ()
    assert [read.operations for read in parsed.calls] == [call.operations]


def test_each_edit_dialect_can_write_the_common_edits() -> None:
    update = Update("a/b.py", (Hunk("x\n", "y\nz\n"), Hunk("q\n", "")))
    for dialect in ("aider_diff", "unified_diff", "opencode_patch"):
        for operations in ((update,), (Create("n.py", "x\n"),), (update, Create("n.py", "x\n"))):
            text = render(dialect, Call("", "apply_patch", {}, "", operations=operations))
            (read,) = get_dialect(dialect).parse(text, 1).calls
            assert read.operations == operations
