"""Taking over a foreign file."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from loopwright.runtime.config import load_config
from loopwright.runtime.config.foreign import foreign
from loopwright.runtime.config.keys import keys
from loopwright.runtime.config.migrate import Change, migrate
from loopwright.runtime.dialects import dialect_names
from loopwright.runtime.tools.definition import load_definitions
from loopwright.runtime.tools.handlers import HANDLERS

FOREIGN = """\
version: 2
profile: {name: theirs, seed: 3}
features: {plan: true, response_normalizer: true}
workspace:
  sandbox: {driver: docker, runtime: runsc, resources: {cpus: 2, mem_gb: 8}}
  lsp: {enabled: true, servers: [pyright]}
providers:
  default_model: openrouter/small
  models:
    - id: openrouter/small
      adapter: openai
      params: {temperature: 0.2, structured_outputs: {enabled: true, strict: true}}
prompts:
  packs: {base: {system: texts/system.md}}
  injection: {system_order: ["@pack(base).system"]}
  tool_prompt_synthesis: {dialects: {aider_search_replace: {system_plan_strict: texts/plan.md}}}
tools:
  registry: {paths: [defs/core, defs_oc], include: [read_file, apply_search_replace, mark_task_complete]}
  aliases: {bye: mark_task_complete}
  overlays: [{id: o, rename: {apply_search_replace: change}}]
  dialects: {preference: {by_model: {"openrouter/*": {order: [aider_search_replace, pythonic02]}}}}
modes:
  - {name: plan, tools_enabled: [read_file], subagents: {enabled: true, agents: [{name: a}]}}
  - {name: build}
loop:
  sequence: [{if: features.plan, then: {mode: plan}}, {mode: build}, {while: needs_compact, do: {mode: build}}]
  plan_turn_limit: two
turn_strategy: {relay: tool_role}
completion: {tool_finish: mark_task_complete, success_keywords: [done]}
enhanced_tools: {validation: {rules: [file_exists, lsp_validation]}}
"""


def taken(folder: Path, text: str = FOREIGN) -> tuple[dict[str, Change], dict[str, object]]:
    path = folder / "theirs" / "agent.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    result = migrate(path, folder)
    return {change.key: change for change in result.changes}, yaml.safe_load(result.text)


def test_every_key_is_accounted_for(tmp_path: Path) -> None:
    changes, _ = taken(tmp_path)
    statuses = {
        status: {key for key, change in changes.items() if change.status == status}
        for status in ("same", "renamed", "inert", "refused")
    }
    assert {"version", "features.plan", "providers.default_model", "loop.sequence[0].if"} <= statuses["same"]
    assert {"turn_strategy.relay", "tools.registry.paths", "tools.registry.include", "tools.aliases.bye"} <= statuses[
        "renamed"
    ]
    assert {"profile.seed", "workspace.sandbox.driver", "modes[0].tools_enabled", "completion.tool_finish"} <= statuses[
        "inert"
    ]
    assert statuses["refused"] == {
        "features.response_normalizer",
        "workspace.sandbox.runtime",
        "workspace.sandbox.resources.cpus",
        "workspace.lsp.enabled",
        "workspace.lsp.servers",
        "providers.models[0].params.structured_outputs.enabled",
        "modes[0].subagents.enabled",
        "modes[0].subagents.agents[0].name",
        "loop.sequence[2].while",
        "loop.sequence[2].do.mode",
        "loop.plan_turn_limit",
        "completion.success_keywords",
        "enhanced_tools.validation.rules",
    }
    assert all(change.what for change in changes.values() if change.status != "same")
    assert changes["providers.models[0].params.temperature"].what.endswith("here: Sent as `temperature`.")
    assert changes["workspace.sandbox.runtime"].where.endswith("agent.yaml:5")
    assert changes["turn_strategy.relay"].what == "it is loop.turn_strategy.relay here"


def test_the_result_loads(tmp_path: Path) -> None:
    _, data = taken(tmp_path)
    (tmp_path / "theirs" / "texts").mkdir()
    for name in ("system.md", "plan.md"):
        (tmp_path / "theirs" / "texts" / name).write_text(name)
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(data))
    config = load_config(tmp_path / "ours.yaml").config
    assert config.tools.registry.paths == ("@core", "@opencode")
    assert config.tools.dialects.preference.by_model["openrouter/*"].order == ("aider_diff", "pythonic")
    assert config.tools.overlays[0].rename == {"edit_file": "change"}
    assert config.tools.aliases == {"bye": "finish"}
    assert config.prompts.packs["base"]["system"] == tmp_path / "theirs" / "texts" / "system.md"
    assert list(config.prompts.tool_prompt_synthesis.dialects) == ["aider_diff"]
    assert [item.mode for item in config.loop.sequence] == [None, "build"]


def test_a_key_that_is_not_known_takes_nothing_else_away(tmp_path: Path) -> None:
    """For pydantic, a list whose only item holds an unknown key is an empty list as well."""
    model = "{id: a/b, adapter: openai, params: {max_tokens: 9, top_p: 0.5}, routing: {mode: first}}"
    changes, data = taken(tmp_path, f"version: 2\nproviders: {{default_model: a/b, models: [{model}]}}\n")
    refused = {key: change.what for key, change in changes.items() if change.status == "refused"}
    assert list(refused) == ["providers.models[0].params.max_tokens", "providers.models[0].routing.mode"]
    assert refused["providers.models[0].params.max_tokens"] == "unknown key. Did you mean 'max_output_tokens'?"
    kept = {"id": "a/b", "adapter": "openai", "params": {"top_p": 0.5}}
    assert data["providers"] == {"default_model": "a/b", "models": [kept]}


def test_our_own_files_come_through_unchanged(tmp_path: Path) -> None:
    for path in sorted((Path(__file__).parents[3] / "agent_configs").glob("*.yaml")):
        text = re.sub(r".*!unset.*\n", "", path.read_text())
        (tmp_path / path.name).write_text(text)
        result = migrate(tmp_path / path.name, tmp_path)
        assert [change for change in result.changes if change.status in ("renamed", "refused")] == []
        assert yaml.safe_load(result.text) == yaml.safe_load(text)


def test_the_tables_lead_to_what_there_is() -> None:
    tables = foreign()
    known = {key.path.replace("[]", "") for key in keys()}
    assert [new for new in tables.keys.values() if new not in known] == []
    tools = load_definitions(["@core"], HANDLERS)[0]
    assert set(tables.names["dialect"].values()) <= set(dialect_names())
    assert set(tables.names["tool"].values()) <= set(tools)
    assert [glob for glob in (*tables.inert, *tables.values) if not any(fnmatchcase(key, glob) for key in known)] == []


@pytest.mark.parametrize(
    "text", ["", "just words", "loop: {sequence: [[{a: 1}]]}", "enhanced_tools: {validation: {rules: [[1], x]}}"]
)
def test_what_is_no_profile_is_refused_or_left_out(tmp_path: Path, text: str) -> None:
    changes, _ = taken(tmp_path, text)
    assert {change.status for change in changes.values()} == {"refused" if text else "same"}
