"""`loopwright config`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loopwright.base import UsageError
from loopwright.cli.config import config

PROFILES = Path(__file__).parents[3] / "agent_configs"
BASE = str(PROFILES / "base_v2.yaml")


def run(*args: str) -> Result:
    return CliRunner().invoke(config, args, standalone_mode=False)


def test_check_says_good_or_what_is_wrong(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 2\nprovider: {}\nmodes: 3\n")
    broken = tmp_path / "broken.yaml"
    broken.write_text("{")
    result = run("check", BASE, str(bad), str(broken))
    assert result.return_value == 2
    lines = result.output.splitlines()
    assert lines[0].startswith(f"{BASE}: good (base, ")
    assert f"error: {bad}:2: provider: unknown key. Did you mean 'providers'?" in lines
    assert f"error: {bad}:3: modes: a list (lines of `- item`) belongs here. It is '3' now." in lines
    assert any("providers: this key is missing" in line for line in lines)
    assert lines[-1].startswith(f"error: {broken}:")
    assert "not YAML" in lines[-1]
    assert run("check", BASE).return_value == 0


def test_check_answers_programs(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"version: 2\nextends: {BASE}\nprovider: {{}}\n")
    result = run("check", BASE, str(bad), str(tmp_path / "none.yaml"), "--json")
    assert result.return_value == 2
    good, wrong, missing = json.loads(result.output)
    assert (good["good"], good["name"], good["errors"]) == (True, "base", [])
    assert BASE in good["files"]
    problem = {"key": "provider", "what": "unknown key", "where": f"{bad}:3", "remedy": "Did you mean 'providers'?"}
    assert (wrong["file"], wrong["good"], wrong["errors"]) == (str(bad), False, [problem])
    assert missing["errors"][0]["what"] == "cannot be read: No such file or directory"


def test_check_compiles_the_texts_of_every_mode(tmp_path: Path) -> None:
    (tmp_path / "full.md").write_text("{{ tool.nme }}")
    (tmp_path / "plan.md").write_text("{% for %}")
    own = "prompts: {tool_prompt_synthesis: {dialects: {xml: {system_%s: %s.md}}}}\n"
    for kind, place in (("full", "full.md"), ("plan", "plan.md")):
        profile = tmp_path / "mine.yaml"
        profile.write_text(f"version: 2\nextends: {PROFILES / 'cline_deep_plan_v2.yaml'}\n{own % (kind, kind)}")
        result = run("check", str(profile))
        assert (result.return_value, result.output.count("error: ")) == (2, 1)
        assert f"{tmp_path / place} is wrong" in result.output


def test_check_shows_notices(tmp_path: Path) -> None:
    idle = tmp_path / "idle.yaml"
    idle.write_text(f"version: 2\nextends: {BASE}\nmodes: [{{name: build}}, {{name: spare}}]\nloop: !unset\n")
    result = run("check", str(idle))
    assert result.return_value == 0
    assert (
        f"notice: {idle}:3: modes[1].name: has no effect: `loop.sequence` never comes to the mode 'spare'"
        in result.output
    )


def test_explain_shows_origins() -> None:
    result = run("explain", str(PROFILES / "copilot_agent_mode_v2.yaml"), "--key", "concurrency.max_parallel")
    assert result.output.startswith("concurrency.max_parallel = 6  [")
    assert "copilot_agent_mode_v2.yaml:" in result.output
    answer = json.loads(run("explain", BASE, "--key", "loop.limits", "--json").output)
    assert answer["values"]["loop.limits.cost"] == {"value": None, "origins": []}


def test_explain_of_no_key_is_an_error() -> None:
    error = run("explain", BASE, "--key", "lop").exception
    assert isinstance(error, UsageError)
    assert "no key 'lop'" in error.what
    error = run("explain", BASE, "--key", "modes.0.name").exception
    assert isinstance(error, UsageError)
    assert error.remedy == "Did you mean modes[0].name?"


def test_migrate_reports_and_writes(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.yaml"
    foreign.write_text("version: 2\nworkspace: {lsp: {enabled: true}}\nturn_strategy: {relay: tool_role}\n")
    result = run("migrate", str(foreign), "-o", str(tmp_path / "ours.yaml"))
    assert result.return_value == 1
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"same", "refused", "renamed"}
    assert (tmp_path / "ours.yaml").read_text() == "version: 2\nloop:\n  turn_strategy:\n    relay: tool_role\n"
    kinds = [change["status"] for change in json.loads(run("migrate", str(foreign), "--json").output)]
    assert kinds == ["same", "refused", "renamed"]


def test_schema_is_json_or_a_page() -> None:
    assert json.loads(run("schema").output)["properties"]["version"]["const"] == 2
    assert run("schema", "--markdown").output.startswith("# Agent configuration")


@pytest.mark.parametrize("profile", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_preview_shows_the_first_request(profile: Path, tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("Write a poem.")
    lines = run("preview", str(profile), "--task", str(tmp_path / "task.md")).output.splitlines()
    assert lines[0] == "system prompt"
    assert "Write a poem." in json.dumps(json.loads(lines[-1]))
    assert any(line.startswith("first request: ") and line.endswith("tokens (estimate)") for line in lines)


def test_preview_reads_a_task_as_a_run_does(tmp_path: Path) -> None:
    task = tmp_path / "task.md"
    task.write_bytes("a\r\nb\x85\u202e\n".encode())
    body = run("preview", BASE, "--task", str(task)).output.split("\n")[-2]
    assert json.loads(body)["input"][-1]["content"][0]["text"].startswith("a\r\nb\x85\u202e\n")
    task.write_bytes(b" \n")
    assert "the instruction is empty" in str(run("preview", BASE, "--task", str(task)).exception)


def test_preview_says_that_tools_of_servers_are_not_known_yet(tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    text = "version: 2\nproviders: {default_model: a/b, models: [{id: '*', adapter: openai_chat}]}\ntools:\n"
    profile.write_text(text + "  mcp: {small: {command: [x]}}\n")
    assert run("preview", str(profile)).output.startswith("not shown: the tools of small, ")
    profile.write_text(text + "  mcp: {small: {command: [x]}}\n  registry: {include: ['small__*']}\n")
    error = run("preview", str(profile)).exception
    assert isinstance(error, UsageError)
    assert "'small__*', and those of MCP servers are known only when they run" in error.what


def test_preview_of_another_mode_and_model() -> None:
    body = json.loads(run("preview", BASE, "--mode", "plan", "--model", "anthropic/some").output.splitlines()[-1])
    assert body["model"] == "some"
    assert {tool["name"] for tool in body["tools"]} == {"read_file", "list_dir", "find_files", "search"}
    error = run("preview", BASE, "--mode", "plann").exception
    assert isinstance(error, UsageError)
    assert error.remedy == "Did you mean plan?"
