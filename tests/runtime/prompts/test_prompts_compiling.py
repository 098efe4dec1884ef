"""From a configuration to the texts that are sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loopwright.base import UsageError
from loopwright.cli._preview import preview_text
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.dialects import choose_grammar
from loopwright.runtime.prompts import CompiledPrompts, compile_prompts, estimate_tokens
from loopwright.runtime.tools.spec import Parameter, ToolSpec

MODEL = "openai/gpt-5-nano"
TOOLS = (
    ToolSpec("read_file", "read_file", "read", "Read.", (Parameter("path", {"type": "string"}),)),
    ToolSpec("apply_patch", "apply_patch", "edit", "Edit."),
    ToolSpec("run_shell", "bash", "shell", "Run.", (Parameter("command", {"type": "string"}),)),
)
TEXT = {"preference": {"default": ["unified_diff", "bash_block", "pythonic"]}}
MODES = [{"name": "build"}, {"name": "plan", "tools_enabled": ["read*"]}]


def config(**sections: Any) -> AgentConfig:
    known = {
        "version": 2,
        "providers": {"default_model": MODEL, "models": [{"id": MODEL, "adapter": "openai"}]},
        "provider_tools": {"use_native": False},
        "tools": {"dialects": TEXT},
        "modes": MODES,
    }
    made = AgentConfig.model_validate(_frozen(known | sections))
    assert isinstance(made, AgentConfig)
    return made


def _frozen(value: Any) -> Any:
    """As the loader hands it over: lists are tuples."""
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def compiled(sections: dict[str, Any] | None = None, *, mode: str = "build", model: str = MODEL) -> CompiledPrompts:
    made = config(**sections or {})
    native = made.provider_tools.use_native
    grammar = choose_grammar(made.tools.dialects, model, mode, TOOLS, use_native=native)
    return compile_prompts(made, TOOLS, grammar, mode, model)


def ids(prompts: CompiledPrompts) -> tuple[list[str], list[str]]:
    """Which templates made the system prompt, and which what goes with each prompt."""
    return [_name(each.template_id) for each in prompts.system], [_name(each.template_id) for each in prompts.per_turn]


def _name(template_id: str) -> str:
    return template_id.partition("@")[0]


def synthesis(**keys: Any) -> dict[str, Any]:
    return {"prompts": {"tool_prompt_synthesis": keys}}


@pytest.fixture
def packs(tmp_path: Path) -> dict[str, Any]:
    texts = {"system": "\nYou work.\n\n", "build": "Build it.\n", "again": "You work."}
    for name, text in texts.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    return {"base": {name: str(tmp_path / f"{name}.md") for name in texts}}


class TestInjection:
    def test_packs_modes_and_tools_come_in_the_order_that_is_written(self, packs: dict[str, Any]) -> None:
        order = ["tools", "[CACHE] @pack(base).system", "mode_specific"]
        modes = [{"name": "build", "prompt": "@pack(base).build"}]
        prompts = compiled({"prompts": {"packs": packs, "injection": {"system_order": order}}, "modes": modes})
        assert [chunk.item for chunk in prompts.system] == ["tools"] * 3 + ["@pack(base).system", "mode_specific"]
        assert [chunk.cache for chunk in prompts.system] == [False, False, False, True, False]
        assert prompts.system_text.endswith("\n\nYou work.\n\nBuild it.")
        assert prompts.system[3].source == packs["base"]["system"]
        # The mode's prompt is in the default per-turn order too, but is not sent twice.
        assert prompts.per_turn == ()

    def test_a_text_is_never_sent_twice(self, packs: dict[str, Any]) -> None:
        injection = {
            "system_order": ["@pack(base).system", "@pack(base).again"],
            "per_turn_order": ["@pack(base).system", "@pack(base).build", "@pack(base).build"],
        }
        prompts = compiled({"prompts": {"packs": packs, "injection": injection, "tool_prompt_mode": "none"}})
        assert prompts.system_text == "You work."
        assert prompts.per_turn_text == "Build it."

    def test_tools_come_last_where_the_order_does_not_name_them(self, packs: dict[str, Any]) -> None:
        order = {"system_order": ["@pack(base).system"]}
        prompts = compiled({"prompts": {"packs": packs, "injection": order}})
        assert [chunk.item for chunk in prompts.system] == ["@pack(base).system", "tools", "tools", "tools"]

    def test_the_mark_that_editors_put_before_a_text_is_not_sent(self, packs: dict[str, Any], tmp_path: Path) -> None:
        (tmp_path / "system.md").write_text("You work.\n", encoding="utf-8-sig")
        order = {"system_order": ["@pack(base).system"]}
        prompts = compiled({"prompts": {"packs": packs, "injection": order, "tool_prompt_mode": "none"}})
        assert prompts.system_text == "You work."

    def test_what_cannot_be_read_is_named(self, packs: dict[str, Any], tmp_path: Path) -> None:
        order = {"system_order": ["@pack(base).system"]}
        missing = {"base": {"system": str(tmp_path / "gone.md")}}
        with pytest.raises(UsageError, match=r"prompts\.packs\.base\.system: cannot read .*gone\.md"):
            compiled({"prompts": {"packs": missing, "injection": order}})
        (tmp_path / "system.md").write_bytes(b"\xff")
        with pytest.raises(UsageError, match="not UTF-8"):
            compiled({"prompts": {"packs": packs, "injection": order}})
        with pytest.raises(UsageError, match=r"no text @pack\(base\)\.sistem.*`@pack\(base\)\.system`"):
            compiled({"prompts": {"packs": packs, "injection": {"system_order": ["@pack(base).sistem"]}}})


class TestWhereToolsAreDescribed:
    FULL = ("pythonic/system_full", "bash_block/system_full", "unified_diff/system_full")
    SHORT = ("pythonic/per_turn_short", "bash_block/per_turn_short", "unified_diff/per_turn_short")

    @pytest.mark.parametrize(
        ("where", "system", "per_turn"),
        [
            ("system_once", FULL, ()),
            ("per_turn_append", (), SHORT),
            ("system_and_per_turn", FULL, SHORT),
            ("none", (), ()),
        ],
    )
    def test_tool_prompt_mode(self, where: str, system: tuple[str, ...], per_turn: tuple[str, ...]) -> None:
        assert ids(compiled({"prompts": {"tool_prompt_mode": where}})) == (list(system), list(per_turn))

    def test_synthesis_can_be_off(self) -> None:
        assert compiled(synthesis(enabled=False)).system == ()

    def test_detail(self) -> None:
        both = {"tool_prompt_mode": "system_and_per_turn"}
        short = {"tool_prompt_synthesis": {"detail": {"system": "short", "per_turn": "none"}}}
        system, per_turn = ids(compiled({"prompts": both | short}))
        assert system == [name.replace("full", "short") for name in self.FULL]
        assert per_turn == []
        # The full texts with each prompt are those of the system prompt, and so are not sent again.
        full = {"tool_prompt_synthesis": {"detail": {"per_turn": "full"}}}
        assert ids(compiled({"prompts": both | full})) == (list(self.FULL), [])
        assert ids(compiled({"prompts": {"tool_prompt_mode": "per_turn_append"} | full})) == ([], list(self.FULL))

    def test_a_mode_that_cannot_change_files_has_texts_of_its_own(self) -> None:
        prompts = compiled({"prompts": {"tool_prompt_mode": "system_and_per_turn"}}, mode="plan")
        names = ("pythonic", "bash_block", "unified_diff")
        assert ids(prompts) == ([f"{name}/system_plan" for name in names], [f"{name}/per_turn_plan" for name in names])
        assert "read_file" in prompts.system_text
        assert "a diff is refused" in prompts.system_text
        assert "bash(" not in prompts.system_text

    def test_native_tools_are_suppressed_and_text_tools_are_not(self) -> None:
        native = {"provider_tools": {"use_native": True}, "tools": {"dialects": {}}}
        assert compiled(native).system == ()
        mixed = {"preference": {"default": ["unified_diff"]}}
        native["tools"] = {"dialects": mixed}
        assert ids(compiled(native))[0] == ["unified_diff/system_full"]
        native["provider_tools"] = {"use_native": True, "suppress_prompts": False}
        assert ids(compiled(native))[0] == ["provider_native/system_full", "unified_diff/system_full"]

    def test_another_dialect_may_be_selected_for_the_description(self) -> None:
        by_model = synthesis(selection={"by_model": {"openai/*": "opencode_patch"}, "by_mode": {"plan": "xml"}})
        assert ids(compiled(by_model))[0] == [
            "pythonic/system_full",
            "bash_block/system_full",
            "opencode_patch/system_full",
        ]
        assert ids(compiled(by_model, mode="plan"))[0][0] == "xml/system_plan"
        assert ids(compiled(by_model, model="other"))[0] == list(self.FULL)


class TestTemplates:
    def test_a_file_of_the_config_wins_over_root_and_root_over_ours(self, tmp_path: Path) -> None:
        (tmp_path / "pythonic").mkdir()
        (tmp_path / "pythonic" / "system_full.j2.md").write_text("from root: {{ tools[0].name }}\n", encoding="utf-8")
        prompts = compiled(synthesis(root=tmp_path))
        assert prompts.system[0].text == "from root: read_file"
        assert ids(prompts)[0][1] == "bash_block/system_full"
        own = tmp_path / "own.j2.md"
        own.write_text("{{ dialect }} in {{ mode }}: {{ tools[0].example }}", encoding="utf-8")
        prompts = compiled(synthesis(root=tmp_path, dialects={"pythonic": {"system_full": own}}))
        assert prompts.system[0].text.startswith("pythonic in build: <TOOL_CALL>\nread_file(path=")
        assert prompts.system[0].source == str(own)

    def test_the_id_of_a_template_is_of_its_content(self, tmp_path: Path) -> None:
        own = tmp_path / "own.j2.md"
        ids = []
        for text in ("a", "b", "a"):
            own.write_text(text, encoding="utf-8")
            ids.append(compiled(synthesis(dialects={"pythonic": {"system_full": own}})).system[0].template_id)
        assert ids[0] == ids[2] != ids[1]
        assert ids[0].startswith("pythonic/system_full@")

    def test_a_dialect_with_templates_of_its_own_is_silent_per_turn_where_it_has_none(self, tmp_path: Path) -> None:
        """The seed's example: guidance for diffs in the system prompt only, a short listing with each prompt."""
        own = tmp_path / "diff.j2.md"
        own.write_text("Write diffs.", encoding="utf-8")
        keys = {"dialects": {"unified_diff": {"system_full": own}}}
        prompts = compiled({"prompts": {"tool_prompt_mode": "system_and_per_turn", "tool_prompt_synthesis": keys}})
        assert prompts.system[-1].text == "Write diffs."
        assert ids(prompts)[1] == ["pythonic/per_turn_short", "bash_block/per_turn_short"]
        assert prompts.missing == ("unified_diff/per_turn_short",)

    def test_a_missing_template_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"dialects\.pythonic\.system_full: cannot read the template .*gone"):
            compiled(synthesis(dialects={"pythonic": {"system_full": tmp_path / "gone"}}))

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{{ nobody }}", "'nobody' is undefined"),
            ("{{ tools[0].nothing }}", "has no attribute 'nothing'"),
            ("a\n{% for %}", "line 2"),
            ("{{ ''.__class__.__mro__ }}", "unsafe"),
            ("{% include '/etc/passwd' %}", "passwd"),
            ("{{ 1 // 0 }}", "ZeroDivisionError"),
            ("{% for i in range(10**9) %}x{% endfor %}", "Range too big"),
        ],
    )
    def test_a_wrong_template_is_an_error(self, tmp_path: Path, text: str, said: str) -> None:
        own = tmp_path / "own.j2.md"
        own.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="is wrong") as caught:
            compiled(synthesis(dialects={"pythonic": {"system_full": own}}))
        assert said in str(caught.value)
        assert "own.j2.md" in str(caught.value)
        assert caught.value.where == "prompts.tool_prompt_synthesis.dialects.pythonic.system_full"


def test_the_system_prompt_is_the_same_bytes_every_time() -> None:
    sections = {"prompts": {"tool_prompt_mode": "system_and_per_turn"}}
    assert {compiled(sections).system_text for _ in range(3)} == {compiled(sections).system_text}
    first, again = compiled(sections), compiled(sections)
    assert first == again


class TestPreview:
    def test_it_shows_every_piece_and_the_very_bytes(self) -> None:
        body = json.dumps({"model": "m", "messages": [{"role": "system", "content": "Hello\nthere"}]}).encode()
        prompts = compiled({"prompts": {"tool_prompt_mode": "system_and_per_turn"}})
        text = preview_text(prompts, body)
        assert text.endswith(body.decode())
        for chunk in (*prompts.system, *prompts.per_turn):
            assert chunk.template_id in text
        assert f"first request: {len(body)} bytes, about 10 tokens (estimate)" in text

    def test_it_says_what_is_missing_and_what_is_cached(self, tmp_path: Path) -> None:
        prompts = compiled({"prompts": {"injection": {"system_order": ["[CACHE]tools"]}}})
        assert "cached up to here" in preview_text(prompts, b"{}")
        assert "with each prompt\n  (nothing)" in preview_text(prompts, b"{}")
        missing = CompiledPrompts((), (), ("xml/per_turn_short",))
        assert "xml/per_turn_short: no such template; nothing is said" in preview_text(missing, b"no JSON")

    @pytest.mark.parametrize(
        ("text", "tokens"),  # as o200k_base counts them
        [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("def greet(name: str) -> str:\n    return f'hello {name}'\n", 17),
            ('{"role": "user", "content": "1234567"}', 14),
            ("", 0),
        ],
    )
    def test_the_estimate_is_near(self, text: str, tokens: int) -> None:
        assert abs(estimate_tokens(text) - tokens) <= max(1, 0.2 * tokens)
