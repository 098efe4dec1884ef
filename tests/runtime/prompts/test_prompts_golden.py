"""Every template family in every variant, rendered on a fixed list of tools; `LOOPWRIGHT_GOLDEN=write` rewrites."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loopwright.runtime.dialects import Grammar, ParseOptions, dialect_names, get_dialect
from loopwright.runtime.prompts.rendering import shipped
from loopwright.runtime.prompts.tool_views import tool_view
from loopwright.runtime.tools.spec import Parameter, ToolSpec

GOLDEN = Path(__file__).parents[2] / "golden" / "runtime" / "prompts"
KEYS = ("system_full", "system_short", "per_turn_short", "system_plan", "per_turn_plan")
OPTIONS = ParseOptions()

PATH = Parameter("path", {"type": "string"}, "path below the workspace", examples=("src/app.py",))
GENERAL = (
    ToolSpec(
        "read_file",
        "read_file",
        "read",
        "Read a text file. Lines are numbered.",
        (
            PATH,
            Parameter(
                "offset", {"type": "integer", "minimum": 1}, "first line", required=False, default=1, examples=(40,)
            ),
            Parameter("mode", {"type": "string", "enum": ["text", "hex"]}, required=False, default="text"),
        ),
    ),
    ToolSpec(
        "write_file",
        "write_file",
        "write",
        "Create a file, or replace it.",
        (PATH, Parameter("content", {"type": "string"}, "all of it", examples=('print("a")\nprint("b")\n',))),
        max_per_turn=3,
    ),
    ToolSpec(
        "search",
        "search",
        "search",
        "Search some files.",
        (
            Parameter("words", {"type": "array", "items": {"type": "string"}, "maxItems": 5}, "what to find"),
            Parameter("deep", {"type": ["boolean", "null"]}, required=False),
        ),
    ),
)
SHELL = (
    ToolSpec(
        "run_shell", "run_shell", "shell", "Run a command.", (Parameter("command", {"type": "string"}),), max_per_turn=1
    ),
)
EDIT = (
    ToolSpec(
        "apply_patch", "apply_patch", "edit", "Change files.", (Parameter("patch", {"type": "string"}),), max_per_turn=4
    ),
)
TOOLS = {"any": GENERAL, "shell": SHELL, "edit": EDIT}


def rendered(dialect: str, key: str, options: ParseOptions = OPTIONS) -> str:
    template = shipped(dialect, key)
    assert template is not None
    views = [tool_view(tool, dialect, options) for tool in TOOLS[get_dialect(dialect).serves]]
    return template.render({"dialect": dialect, "mode": "plan", "options": options, "tools": views}, "test").strip("\n")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("dialect", dialect_names())
def test_a_family_says_what_it_said(dialect: str, key: str) -> None:
    file = GOLDEN / dialect / f"{key}.md"
    text = rendered(dialect, key) + "\n"
    if os.environ.get("LOOPWRIGHT_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_there_is_no_golden_file_without_a_template() -> None:
    expected = {f"{dialect}/{key}.md" for dialect in dialect_names() for key in KEYS}
    assert {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.md")} == expected


@pytest.mark.parametrize("key", ["system_full", "system_short"])
@pytest.mark.parametrize("dialect", [name for name in dialect_names() if name != "provider_native"])
def test_the_example_that_is_taught_is_one_call(dialect: str, key: str) -> None:
    parsed = get_dialect(dialect).parse(rendered(dialect, key), 1)
    assert parsed.malformed == ()
    assert len(parsed.calls) == 1


@pytest.mark.parametrize("key", ["per_turn_short", "per_turn_plan"])
@pytest.mark.parametrize("dialect", dialect_names())
def test_reminders_hold_no_call(dialect: str, key: str) -> None:
    grammar = Grammar(dialect, "bash_block", "pythonic")
    assert grammar.parse(rendered(dialect, key), 1).malformed == ()
    assert grammar.parse(rendered(dialect, key), 1).calls == ()


@pytest.mark.parametrize("dialect", dialect_names())
def test_full_texts_name_everything_that_binds_a_call(dialect: str) -> None:
    text = rendered(dialect, "system_full")
    tools = TOOLS[get_dialect(dialect).serves]
    for most in (tool.max_per_turn for tool in tools if tool.max_per_turn):
        assert f"At most {most} in one reply" in text
    if get_dialect(dialect).serves == "any":
        for said in (
            "`offset` (integer, at least 1, optional, default `1`)",
            "`path` (string, required)",
            "for example `40`",
        ):
            assert said in text
        for said in ('"text" or "hex"', "list of string, at most 5 items, required", "boolean or null"):
            assert said in text


def test_the_policies_for_new_files_change_the_texts() -> None:
    strict = ParseOptions(use_dev_null=True, prefer_write_file_tool=True, write_tool="put")
    for dialect in ("aider_diff", "unified_diff"):
        assert rendered(dialect, "system_full", strict) != rendered(dialect, "system_full")
    assert "call `put`" in rendered("aider_diff", "system_short", strict)
