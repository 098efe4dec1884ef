"""Loading: places, merging, refusals, references."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.runtime.config import LoadedConfig, load_config
from loopwright.runtime.config.problems import ConfigError
from loopwright.runtime.config.written import reach

MINIMAL = """
version: 2
providers:
  default_model: openai/small
  models:
    - {id: "openai/*", adapter: openai_chat}
"""
ROOT = Path(__file__).parents[3]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def load(folder: Path, extra: str = "") -> LoadedConfig:
    return load_config(write(folder, "agent.yaml", MINIMAL + textwrap.dedent(extra)))


def wrong(folder: Path, extra: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, extra)
    error = caught.value
    return "\n".join(map(str, error.problems)) if isinstance(error, ConfigError) else str(error)


def test_the_smallest_file_loads_with_defaults(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert loaded.name == "agent"
    assert [mode.name for mode in loaded.config.modes] == ["build"]
    assert loaded.config.loop.sequence == ()
    assert loaded.notices == ()
    assert reach(loaded.tree, ("providers", "models", 0, "adapter"))[1].origin.line == 6


def test_an_unknown_key_names_its_place_and_the_nearest(tmp_path: Path) -> None:
    said = wrong(tmp_path, "loop:\n  turn_stratgy: {relay: tool_role}\n")
    assert "agent.yaml:8: loop.turn_stratgy: unknown key" in said
    assert "Did you mean 'turn_strategy'?" in said


def test_an_unknown_key_deep_in_lists_and_free_names(tmp_path: Path) -> None:
    said = wrong(
        tmp_path,
        """
        features: {plan: true}
        modes: [{name: build}]
        loop:
          sequence:
            - if: features.plan
              then: {mod: build}
        tools:
          dialects: {preference: {by_model: {"a/*": {ordr: [xml]}}}}
        """,
    )
    assert "agent.yaml:13: loop.sequence[0].then.mod: unknown key. Did you mean 'mode'?" in said
    assert (
        """agent.yaml:15: tools.dialects.preference.by_model["a/*"].ordr: unknown key. Did you mean 'order'?""" in said
    )


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "features: {plan: 1}\nprofile: {seed: x}\nloop: {plan_turn_limit: 0}\n")
    assert [problem.key for problem in caught.value.problems] == [
        "features.plan",
        "profile.seed",
        "loop.plan_turn_limit",
    ]
    assert "(and 2 more problems)" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile: {name: 3}", 'Put it in quotes: "..."'),
        ("loop: {plan_turn_limit: true}", "loop.plan_turn_limit: a whole number belongs here"),
        ("modes: build", "modes: a list (lines of `- item`) belongs here"),
        ("modes: []", "modes: it must not be empty"),
        ("loop: {limits: {cost: .inf}}", "loop.limits.cost: a finite number belongs here"),
        ("tools: {overlays: [{id: a, rename: {read_file: 'read file!'}}]}", "rename.read_file: string should match"),
        ("tools: {overlays: [{id: a, arguments: {read_file: {'a b': path}}}]}", "string should match"),
        ("tools: {mcp: {a__b: {command: [x]}}}", "tools.mcp.a__b: string should match"),
        ("workspace: {sandbox: {driver: docker}}", "Use `strongest`"),
        ("workspace: {sandbox: {network: host}}", "input should be 'none'"),
        ("workspace: {mirror: {enabled: true}}", "needs a `path`"),
        ("workspace: {lsp: {enabled: true}}", "workspace.lsp: this key is refused: language servers"),
        ("hpo: {}", "hpo: this key is refused"),
        ("modes: [{name: build, subagents: {}}]", "modes[0].subagents: this key is refused"),
        ("loop: {sequence: [{mode: build, if: 'true'}]}", "an item is `mode`, or `if` with `then`"),
        ("loop: {sequence: [{if: 'true'}]}", "an item is `mode`, or `if` with `then`"),
        ("providers: {}", "the key 'providers' is here twice"),
        ("profile: &a [*a]", "nested too deeply"),
        ("profile: !secret x", "unknown tag !secret"),
        ("profile: {name: 2024-01-01}", "Put it in quotes"),
        ("3: x", "the key '3' is not a text"),
        ("profile: {", "not YAML"),
        ("profile: !!int x", "not YAML"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in wrong(tmp_path, text)


def test_a_list_whose_only_item_is_wrong_is_not_called_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "modes: [{name: 3}]")
    assert [problem.key for problem in caught.value.problems] == ["modes[0].name"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loop: {sequence: [{mode: bild}]}", "loop.sequence[0].mode: there is no mode 'bild'. Did you mean 'build'?"),
        ("loop: {sequence: [{if: features.x, then: {mode: build}}]}", "there is no feature 'x'"),
        ("loop: {sequence: [{if: replis > 1, then: {mode: build}}]}", "cannot ask for 'replis'. Did you mean replies?"),
        ("loop: {sequence: [{while: 'called(\"rum_tests\")', do: [{mode: build}]}]}", "Did you mean 'run_tests'?"),
        ("loop: {plan_turn_limit: 3}", "there is no mode called `plan`"),
        ("modes: [{name: a}, {name: a}]", "the mode 'a' is here twice"),
        ("modes: [{name: a, exit: {when: ['errors']}}]", "modes[0].exit.when[0]: 'errors' is neither true nor false"),
        ("modes: [{name: a, tools_enabled: [red_file]}]", "'red_file' matches no tool. Did you mean 'read_file'?"),
        ("modes: [{name: a, prompt: '@pack(x).y'}]", "modes[0].prompt: there is no pack 'x'"),
        ("modes: [{name: a, prompt: tools}]", "'tools' is not `@pack(NAME).KEY`"),
        ("prompts: {injection: {system_order: [sytem]}}", "system_order[0]: 'sytem' is not"),
        ("prompts: {packs: {a: {b: none.md}}}", "prompts.packs.a.b: "),
        ("prompts: {tool_prompt_synthesis: {root: none}}", "there is no folder"),
        ("prompts: {tool_prompt_synthesis: {selection: {by_mode: {bild: xml}}}}", "there is no mode 'bild'"),
        ("prompts: {tool_prompt_synthesis: {selection: {by_model: {'*': xlm}}}}", "Did you mean 'xml'?"),
        ("tools: {registry: {include: [reed_file]}}", "tools.registry.include[0]: 'reed_file' matches no tool"),
        ("tools: {registry: {paths: [nowhere]}}", "tools.registry.paths[0]: there is no folder"),
        ("tools: {registry: {paths: ['@cor']}}", "tools.registry.paths[0]: there is no folder"),
        ("tools: {aliases: {ls: list_dirs}}", "there is no tool 'list_dirs'. Did you mean 'list_dir'?"),
        ("tools: {overlays: [{id: a, rename: {run_shel: bash}}]}", "Did you mean 'run_shell'?"),
        ("tools: {overlays: [{id: a, syntax_style: {run_shell: bash}}]}", "there is no dialect 'bash'"),
        ("tools: {dialects: {preference: {by_tool_kind: {diff: [udiff]}}}}", "there is no dialect 'udiff'"),
        ("tools: {dialects: {preference: {by_mode: {plan: [xml]}}}}", "there is no mode 'plan'"),
        ("tools: {dialects: {selection: {by_model: {'*': [xlm]}}}}", "there is no dialect 'xlm'"),
        ("concurrency: {at_most_one_of: [bash]}", "concurrency.at_most_one_of[0]: 'bash' matches no tool"),
        ("concurrency: {groups: [{name: a, match_tools: [x]}]}", "concurrency.groups[0].match_tools[0]: 'x' matches"),
        ("completion: {tool_finish: mark_done}", "completion.tool_finish: there is no tool 'mark_done'"),
        ("completion: {primary: sentinel}", "there is no such sign. List lines in `text_sentinels`"),
        ("completion: {primary: tool, tool_finish: null}", "there is no such sign. Name it in `tool_finish`"),
        ("enhanced_tools: {validation: {rules: [read_before_edits]}}", "Did you mean 'read_before_edit'?"),
        ("enhanced_tools: {validation: {rule_config: {file_exists: {severity: warn}}}}", "not among `rules`"),
        ("provider_tools: {api_variant: responses}", "all models name their API in `adapter`"),
        ("enhanced_tools: {permissions: {shell: {allowlist: [ls]}}}", "shell.allowlist: it restricts nothing"),
        ("enhanced_tools: {permissions: {file_write: {allowlist: [a]}}}", "file_write.allowlist: it restricts nothing"),
        ("workspace: {root: ., mirror: {enabled: true, path: ./seen/it}}", "workspace.mirror.path: it lies in"),
    ],
)
def test_references_and_contradictions(tmp_path: Path, text: str, said: str) -> None:
    assert said in wrong(tmp_path, text)


def providers(default: str, *entries: str) -> str:
    models = "\n".join(f"    - {entry}" for entry in entries)
    return f"version: 2\nproviders:\n  default_model: {default}\n  models:\n{models}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (providers("open/x", "{id: 'openai/*', adapter: openai}"), "providers.default_model: it is not among"),
        (providers("a", "{id: a, adapter: openai}", "{id: a, adapter: openai}"), "the model 'a' is here twice"),
        (providers("a", "{id: a, adapter: opena}"), "providers.models[0].adapter: input should be"),
        (providers("a", "{id: a}"), "providers.models[0].adapter: this key is missing"),
        (providers("a", "{id: a, adapter: openai, routing: {fallback_models: [b]}}"), "'b' is not among `models`"),
        (
            providers(
                "a", "{id: a, adapter: openai, routing: {fallback_models: [b]}}", "{id: b, adapter: anthropic_messages}"
            ),
            "'b' is asked by the messages API, 'a' by chat",
        ),
        (
            providers("a", "{id: a, adapter: anthropic, params: {max_output_tokens: 2000}}")
            + "provider_tools: {anthropic: {thinking_budget: 2000}}",
            "'a' writes 2000 tokens at most",
        ),
        (
            providers("a", "{id: a, adapter: anthropic, params: {temperature: 0.2}}")
            + "provider_tools: {anthropic: {thinking_budget: 2000}}",
            "no temperature but 1",
        ),
        (providers("a", "{id: a, adapter: openai_responses, params: {stop: [x]}}"), "no stop texts"),
        (providers("a", "{id: a, adapter: anthropic}") + "profile: {seed: 1}", "the messages API has no seed"),
        ("version: 1", "version: input should be 2"),
        ("- a", "a configuration is a mapping"),
    ],
)
def test_models_that_cannot_be_asked(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(write(tmp_path, "agent.yaml", text))
    assert said in "\n".join(map(str, getattr(caught.value, "problems", [caught.value])))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("modes: [{name: a}, {name: b}]", "modes[1].name"),
        ("provider_tools: {openai: {include_reasoning: true}}", "provider_tools.openai.include_reasoning"),
        ("provider_tools: {anthropic: {cache: false}}", "provider_tools.anthropic.cache"),
        ("enhanced_tools: {validation: {enabled: false, rules: [file_exists]}}", "enhanced_tools.validation.rules"),
        ("concurrency: {nonblocking_tools: [run_shell]}", "concurrency.nonblocking_tools"),
        ("logging: {enabled: false, retention: {max_runs: 3}}", "logging.retention.max_runs"),
        ("workspace: {mirror: {mode: testing}}", "workspace.mirror.mode"),
        ("loop: {stuck: {enabled: false, window: 9}}", "loop.stuck.window"),
        ("telemetry: {per_turn_metrics: [SVS]}", "telemetry.per_turn_metrics"),
    ],
)
def test_what_has_no_effect_is_noticed(tmp_path: Path, text: str, key: str) -> None:
    loaded = load(tmp_path, text)
    assert [notice.key for notice in loaded.notices] == [key]
    assert loaded.notices[0].where.endswith("agent.yaml:7")


def test_what_does_not_block_counts_where_calls_do_not_wait_for_what_they_share(tmp_path: Path) -> None:
    assert load(tmp_path, "concurrency: {policy: seed, nonblocking_tools: [run_shell]}").notices == ()
    peek = "id: peek\nkind: read\ndescription: x\nhandler: read_file\nparameters: [{name: path, type: string}]\n"
    write(tmp_path, "own/peek.yaml", peek)
    more = "tools: {registry: {paths: ['@core', own]}}\nconcurrency: {nonblocking_tools: [peek, run_shell]}"
    assert load(tmp_path, more).notices == ()


def test_a_text_of_a_pack_that_nobody_names_is_noticed(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "hello")
    loaded = load(
        tmp_path, "prompts: {packs: {p: {used: a.md, idle: a.md}}, injection: {system_order: ['@pack(p).used']}}"
    )
    assert [notice.key for notice in loaded.notices] == ["prompts.packs.p.idle"]


def test_files_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"ok \xff")
    assert "not UTF-8 at byte 3" in wrong(tmp_path, "prompts: {packs: {p: {a: a.md}}}")
    (tmp_path / "agent.yaml").write_bytes(b"version: 2 # \xff")
    with pytest.raises(UsageError, match="not UTF-8 at byte 13"):
        load_config(tmp_path / "agent.yaml")
    (tmp_path / "agent.yaml").write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(UsageError, match="over 1 MiB"):
        load_config(tmp_path / "agent.yaml")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load_config(tmp_path / "none.yaml")


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 8)]
    with pytest.raises(UsageError, match="too many values"):
        load_config(write(tmp_path, "agent.yaml", "\n".join(lines)))


def test_the_digest_covers_what_is_read_and_not_where(tmp_path: Path) -> None:
    def made(folder: str, prompt: str, tool: str) -> str:
        here = tmp_path / folder
        write(here, "p.md", prompt)
        write(here, "tools/t.yaml", tool)
        text = "prompts: {packs: {p: {a: p.md}}, injection: {system_order: ['@pack(p).a']}}\n"
        return load_config(
            write(here, "agent.yaml", MINIMAL + text + "tools: {registry: {paths: ['@core', tools]}}\n"),
            tools=["finish"],
        ).digest

    assert made("one", "hello", "a") == made("two", "hello", "a")
    assert made("three", "hullo", "a") != made("one", "hello", "a")
    assert made("four", "hello", "b") != made("one", "hello", "a")


def test_every_shipped_profile_loads_without_a_notice() -> None:
    profiles = sorted((ROOT / "agent_configs").glob("*.yaml"))
    assert [path.stem for path in profiles] == [
        "base_v2",
        "cline_deep_plan_v2",
        "copilot_agent_mode_v2",
        "opencode_compat_v2",
        "opencode_gpt5_nano_c_fs_v2",
    ]
    assert {path.stem: load_config(path).notices for path in profiles} == {path.stem: () for path in profiles}


def test_models_are_found_and_asked_by_their_api(tmp_path: Path) -> None:
    text = providers(
        "b/x", "{id: '*', adapter: openai}", "{id: b/x, adapter: anthropic_messages}", "{id: 'c*', adapter: openai}"
    )
    config = load_config(write(tmp_path, "agent.yaml", text + "provider_tools: {api_variant: responses}")).config
    exact, wild = config.entry("b/x"), config.entry("c/y")
    assert exact is not None
    assert wild is not None
    assert (exact.id, config.api(exact)) == ("b/x", "messages")
    assert (wild.id, config.api(wild)) == ("*", "responses")
    assert config.entry("scripted:some.yaml") == exact
    assert config.identity("recorded:run") == "b/x"
