"""The grammar of a turn: how it is chosen, and how it reads one text in several dialects."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.base import UsageError
from loopwright.runtime.config.schema.tools import Dialects
from loopwright.runtime.dialects import Grammar, choose_grammar, dialect_names, explain
from loopwright.runtime.tools.spec import Parameter, ToolSpec

READ = ToolSpec("read_file", "read", "read", "Read.", (Parameter("path", {"type": "string"}),))
EDIT = ToolSpec("edit_file", "edit", "edit", "Edit.")
SHELL = ToolSpec("run_shell", "bash", "shell", "Run.", (Parameter("script", {"type": "string"}),))
WRITE = ToolSpec("write_file", "put", "write", "Write.")
TOOLS = (READ, EDIT, SHELL, WRITE)


def chosen(dialects: dict[str, Any], model: str = "openai/gpt-5", mode: str = "build", **more: Any) -> Grammar:
    return choose_grammar(Dialects.model_validate(dialects), model, mode, more.pop("tools", TOOLS), **more)


def names(grammar: Grammar) -> tuple[str, str, str]:
    return grammar.edit, grammar.shell, grammar.other


class TestChoosing:
    def test_without_any_list_all_is_native(self) -> None:
        grammar = chosen({})
        assert names(grammar) == ("provider_native",) * 3
        assert grammar.native
        assert grammar.native_tools(TOOLS) == TOOLS

    def test_without_native_calls_there_is_a_text_default(self) -> None:
        grammar = chosen({}, use_native=False)
        assert names(grammar) == ("pythonic",) * 3
        assert not grammar.native
        assert "native calls are off" in grammar.why["other"]

    def test_of_a_list_the_first_that_can_express_the_tool_decides(self) -> None:
        preference = {"default": ("opencode_patch", "bash_block", "unified_diff")}
        grammar = chosen({"preference": preference})
        assert names(grammar) == ("opencode_patch", "bash_block", "provider_native")
        assert grammar.why["edit"] == "tools.dialects.preference.default"
        assert grammar.native_tools(TOOLS) == (READ, WRITE)

    def test_the_strongest_list_wins_for_each_kind(self) -> None:
        preference = {
            "default": ("pythonic",),
            "by_model": {"openai/*": ("aider_diff", "xml"), "*": ("yaml_command",)},
            "by_tool_kind": {"diff": ("unified_diff",), "bash": ("provider_native", "bash_block")},
            "by_mode": {"plan": ("json_block",)},
        }
        dialects = {"preference": preference}
        assert names(chosen(dialects)) == ("unified_diff", "provider_native", "xml")
        assert names(chosen(dialects, use_native=False)) == ("unified_diff", "bash_block", "xml")
        assert names(chosen(dialects, model="anthropic/x")) == ("unified_diff", "provider_native", "yaml_command")
        assert names(chosen(dialects, mode="plan")) == ("json_block",) * 3
        assert chosen(dialects).why["other"] == "tools.dialects.preference.by_model.openai/*"

    def test_globs_see_the_full_id_and_the_first_in_the_file_wins(self) -> None:
        preference = {"by_model": {"openrouter/openai/*": ("xml",), "*openai*": ("json_block",)}}
        assert chosen({"preference": preference}, "openrouter/openai/gpt").other == "xml"
        assert chosen({"preference": preference}, "openai/gpt").other == "json_block"
        assert chosen({"preference": preference}, "gpt").other == "provider_native"

    def test_a_model_may_turn_native_calls_on_or_off(self) -> None:
        preference = {"by_model": {"a/*": {"native": False}, "b/*": {"native": True}}}
        assert chosen({"preference": preference}, "a/x").other == "pythonic"
        assert chosen({"preference": preference}, "b/x", use_native=False).other == "provider_native"

    def test_the_older_selection_comes_last(self) -> None:
        selection = {"by_model": {"openai/*": ("aider_diff", "xml")}, "by_tool_kind": {"bash": ("bash_block",)}}
        assert names(chosen({"selection": selection})) == ("aider_diff", "bash_block", "xml")
        both = {"selection": selection, "preference": {"default": ("pythonic",)}}
        assert names(chosen(both)) == ("pythonic",) * 3

    def test_an_overlay_decides_for_its_tool_alone(self) -> None:
        dressed = ToolSpec("read_file", "read", "read", "Read.", dialect="xml")
        grammar = chosen({}, tools=(dressed, *TOOLS[1:]))
        assert grammar.dialect_of(dressed) == "xml"
        assert grammar.other == "provider_native"
        assert grammar.names == ("provider_native", "xml")
        assert "syntax_style" in grammar.why["read_file"]

    def test_an_overlay_must_suit_its_tool(self) -> None:
        dressed = ToolSpec("read_file", "read", "read", "Read.", dialect="aider_diff")
        with pytest.raises(UsageError, match="cannot call `read_file`"):
            chosen({}, tools=(dressed,))

    def test_unknown_dialects_are_refused(self) -> None:
        with pytest.raises(UsageError, match=r"no dialect `pithonic`.*`pythonic`"):
            chosen({"preference": {"default": ("pithonic",)}})

    def test_parsing_knows_the_tools_of_the_run(self) -> None:
        policy = {"aider_diff": {"prefer_write_file_tool": True}, "unified_diff": {"use_dev_null": True}}
        options = chosen({"create_file_policy": policy}).options
        assert (options.shell_tool, options.shell_argument, options.write_tool) == ("bash", "script", "put")
        assert options.prefer_write_file_tool
        assert options.use_dev_null
        assert options.schemas["read"]["path"] == {"type": "string"}


class TestReading:
    GRAMMAR = Grammar("aider_diff", "bash_block", "pythonic")
    BLOCK = "a.py\n```\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n```\n"

    def test_calls_come_in_the_order_of_the_text(self) -> None:
        text = f"One.\n<BASH>ls</BASH>\nTwo.\n{self.BLOCK}Three.\n<TOOL_CALL>f(a=1)</TOOL_CALL>\n<BASH>pwd</BASH>\n"
        parsed = self.GRAMMAR.parse(text, 7)
        assert [call.dialect for call in parsed.calls] == ["bash_block", "aider_diff", "pythonic", "bash_block"]
        assert [call.call_id for call in parsed.calls] == [f"text_7_{n}" for n in (1, 2, 3, 4)]
        assert parsed.prose == "One.\n\nTwo.\nThree.\n\n\n"

    def test_the_inside_of_a_block_is_not_read_again(self) -> None:
        text = self.BLOCK.replace("x\n", "<BASH>ls</BASH>\n<TOOL_CALL>f(a=1)</TOOL_CALL>\n")
        parsed = self.GRAMMAR.parse(f"{text}<BASH>\ncat <<E\n<TOOL_CALL>g()</TOOL_CALL>\nE\n</BASH>", 1)
        assert [call.dialect for call in parsed.calls] == ["aider_diff", "bash_block"]
        assert parsed.malformed == ()

    def test_a_malformed_block_takes_its_text_and_the_others_run(self) -> None:
        text = "<TOOL_CALL>f(<BASH>ls</BASH>)</TOOL_CALL>\n<BASH>pwd</BASH>\n"
        parsed = self.GRAMMAR.parse(text, 1)
        assert [call.arguments for call in parsed.calls] == [{"command": "pwd"}]
        (fault,) = parsed.malformed
        assert explain(fault).startswith("error: the pythonic block at line 1 of your reply cannot be read; nothing of")
        assert "\nfound: f(<BASH>ls</BASH>)\nexpected: name(argument=" in explain(fault)

    @pytest.mark.parametrize("name", [name for name in dialect_names() if name != "provider_native"])
    def test_examples_in_longer_fences_and_inline_code_are_prose(self, name: str) -> None:
        grammar = Grammar(name, name, name)
        examples = f"<BASH>ls</BASH>\n{self.BLOCK}<TOOL_CALL>f()</TOOL_CALL>\n"
        examples += '```json\n{"tool_calls": [{"name": "f"}]}\n```\n```yaml\ntools:\n- name: f\n```\n'
        examples += (
            "```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n```\n*** Begin Patch\n*** Delete File: x\n*** End Patch\n"
        )
        # A bare inner fence would close an outer one of the same length, so that there the inner one has a label.
        labelled = examples.replace("a.py\n```\n", "a.py\n```py\n")
        for text in (f"````markdown\n{examples}````\nbye\n", f"~~~\n{examples}~~~\n", f"```md\n{labelled}```\n"):
            parsed = grammar.parse(text, 1)
            assert (parsed.calls, parsed.malformed, parsed.prose) == ((), (), text)

    def test_calls_after_a_fence_that_never_ends_are_reported(self) -> None:
        text = "```python\nprint()\n\n<BASH>ls</BASH>\n"
        parsed = self.GRAMMAR.parse(text, 1)
        assert parsed.calls == ()
        assert "a fence that is never closed" in parsed.malformed[0].found
        json = Grammar("aider_diff", "bash_block", "json_block")
        parsed = json.parse('```python\nprint()\n```json\n{"tool_calls": [{"name": "f"}]}\n```\n', 1)
        assert parsed.calls == ()
        assert len(parsed.malformed) == 1
        assert self.GRAMMAR.parse("```python\nprint()\n", 1).malformed == ()

    def test_native_only_reads_nothing(self) -> None:
        assert Grammar().parse("<BASH>ls</BASH>", 1).calls == ()
