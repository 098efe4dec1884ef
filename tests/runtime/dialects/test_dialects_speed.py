"""Hostile texts are read in time that grows like their length."""

from __future__ import annotations

import time

import pytest

from loopwright.runtime.dialects import Grammar

GRAMMARS = {
    "aider": Grammar("aider_diff", "bash_block", "pythonic"),
    "unified": Grammar("unified_diff", "bash_block", "xml"),
    "v4a": Grammar("opencode_patch", "bash_block", "json_block"),
    "yaml": Grammar("opencode_patch", "bash_block", "yaml_command"),
}

# What a hostile or confused model might repeat for ever.
UNITS = {
    "fences": "```\n",
    "labelled fences": "```json\n",
    "indented closers": "```diff\n   ```\n",
    "diff openers": "```diff\n--- a/x\n+++ b/x\n",
    "search": "<<<<<<< SEARCH\n",
    "dividers": "=======\n",
    "search with path": "a.py\n<<<<<<< SEARCH\nx\n=======\n",
    "bash": "<BASH>\n",
    "bash in lines": "x <BASH>\n",
    "bash pairs": "<BASH>ls</BASH> ",
    "closers": "</BASH>\n",
    "bad calls": "<TOOL_CALL>'</TOOL_CALL>\n",
    "triple quotes": "<TOOL_CALL>f(a='''\\",
    "good calls": '<TOOL_CALL>f(a="x")</TOOL_CALL>\n',
    "invokes": '<invoke name="f">\n',
    "parameters": '<invoke name="f"><parameter name="x">1</parameter>',
    "spoilt": "<function_calls>x</function_calls>\n",
    "patches": "*** Begin Patch\n*** End Patch\n",
    "open patches": "*** Begin Patch\n",
    "headers": "--- a/x\n+++ b/x\n@@\n+y\n",
    "git headers": "diff --git a/x b/x\n",
    "hunks": "@@ -1 +1 @@\n-a\n+b\n\n",
    "dashes": "--- x\n",
    "ticks": "`",
    "growing ticks": "",
    "quoted tags": "`<BASH>` ",
    "half quoted": "` <BASH>ls</BASH>\n",
    "spaces": " ",
    "newlines": "\n",
    "returns": "\r\n",
    "nul": "\0",
    "braces": '```json\n{"tool_calls": [',
    "deep": "[",
    "minus": "-",
    "yaml": "```yaml\ntools:\n  - name: f\n```\n",
    "aliases": "```yaml\ntools: [&a ",
    "prose": "It was the best of times. ",
}


def text_of(unit: str, size: int) -> str:
    if not unit:
        return "x ".join("`" * length for length in range(1, int((2 * size) ** 0.5)))
    return unit * (size // len(unit))


def seconds(grammar: Grammar, text: str) -> float:
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        grammar.parse(text, 1)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("name", UNITS)
def test_eight_times_the_text_takes_about_eight_times_as_long(name: str) -> None:
    for grammar in GRAMMARS.values():
        small, large = (seconds(grammar, text_of(UNITS[name], size)) for size in (16_000, 128_000))
        assert large < 0.15 or large < 30 * small, f"{small:.4f} s, then {large:.4f} s"


@pytest.mark.parametrize(
    "wrapped",
    [
        "<TOOL_CALL>f(a={0})</TOOL_CALL>",
        "<TOOL_CALL>{0}</TOOL_CALL>",
        '```json\n{{"tool_calls": [{0}]}}\n```',
        "```yaml\ntools: {0}\n```",
        '<invoke name="f">\n<parameter name="x" type="json">{0}</parameter>\n</invoke>',
    ],
)
@pytest.mark.parametrize("unit", ["(", "[", "{", "-", "not ", "a.", "lambda:", '{"a":', "1**", "- ", "f(", "a-"])
def test_deep_nesting_is_malformed_and_does_not_crash(wrapped: str, unit: str) -> None:
    for grammar in GRAMMARS.values():
        parsed = grammar.parse(wrapped.format(unit * 20_000), 1)
        assert parsed.calls == ()


def test_a_reply_of_two_hundred_calls_is_read_in_a_blink() -> None:
    text = "\n".join(
        f'I look at it.\n<TOOL_CALL>\nread_file(path="src/f{n}.py", offset={n})\n</TOOL_CALL>' for n in range(200)
    )
    assert len(GRAMMARS["aider"].parse(text, 1).calls) == 200
    assert seconds(GRAMMARS["aider"], text) < 0.1
