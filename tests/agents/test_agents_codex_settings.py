"""What Codex is told, answered, and what it says beside its items."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from loopwright.agents import AgentContext, Delta
from loopwright.agents.codex.asked import answer_to
from loopwright.agents.codex.memory import newest_thread, put_back, remember, take_memory
from loopwright.agents.codex.settings import catalog_for, write_settings
from loopwright.agents.codex.side import Side
from loopwright.agents.launching import Place

_ID = "01a1fbde-a944-76d1-b22e-748c3eb407b3"


def _place() -> Place:
    return Place(None, "http://127.0.0.1:8910", "/home/agent", '/work "space"', "/opt/agents")  # type: ignore[arg-type]


def _entry(slug: str, **fields: Any) -> dict[str, Any]:
    return {"slug": slug, "tool_mode": "code", "context_window": 10, "base_instructions": slug, **fields}


def test_the_settings_are_toml_whatever_the_model_is_called(tmp_path: Path) -> None:
    write_settings(tmp_path, _place(), 'a"b\nc\\', {"models": []})
    told = tomllib.loads((tmp_path / ".codex" / "config.toml").read_text())
    assert told["model"] == 'a"b\nc\\'
    assert told["model_catalog_json"] == "/home/agent/.codex/catalog.json"
    assert told["model_providers"]["loopwright"]["base_url"] == "http://127.0.0.1:8910/v1"
    server = told["mcp_servers"]["loopwright"]
    assert (server["url"], server["required"]) == ("http://127.0.0.1:8910/mcp", True)
    assert server["tool_timeout_sec"] > 3600
    assert told["analytics"] == {"enabled": False}
    assert not any(told["features"].values())
    assert told["check_for_update_on_startup"] is False
    write_settings(tmp_path, _place(), "m", None)
    assert "model_catalog_json" not in tomllib.loads((tmp_path / ".codex" / "config.toml").read_text())


def test_any_model_gets_the_classic_tools_and_its_own_window() -> None:
    known = {"models": [_entry("gpt-5.5", tool_mode=None), _entry("new", context_window=99), "junk", {}]}
    unknown, new = catalog_for("mine", known), catalog_for("new", known)
    assert unknown is not None
    assert new is not None
    assert [(one["slug"], one["context_window"], one["tool_mode"]) for one in (*unknown["models"], *new["models"])] == [
        ("mine", 10, None),
        ("new", 99, None),
    ]
    assert new["models"][0]["base_instructions"] == "gpt-5.5"


@pytest.mark.parametrize("known", [None, [], {"models": None}, {"models": [{"slug": "other"}]}])
def test_a_catalog_of_no_use_is_none(known: Any) -> None:
    assert catalog_for("m", known) is None


def test_what_codex_asks_is_granted_and_what_nobody_knows_is_refused() -> None:
    answer, words = answer_to("item/commandExecution/requestApproval", {"command": "rm -rf build"})
    assert answer == {"decision": "accept"}
    assert "rm -rf build" in words
    assert answer_to("item/permissions/requestApproval", {"permissions": {"network": {"enabled": True}}})[0] == {
        "permissions": {"network": {"enabled": True}}
    }
    assert answer_to("item/permissions/requestApproval", {"permissions": 7})[0] == {"permissions": {}}
    assert answer_to("account/somethingNew", {})[0] is None
    assert answer_to("currentTime/read", {})[0]["currentTimeAt"] > 1_700_000_000


@pytest.fixture
def told(tmp_path: Path) -> tuple[Side, list[Delta], list[str], AgentContext]:
    """What goes to watchers and into notices."""
    deltas: list[Delta] = []
    notices: list[str] = []
    context = AgentContext(
        instruction="",
        workspace=tmp_path,
        sandbox=None,  # type: ignore[arg-type]
        gateway_socket=tmp_path,
        model="m",
        run_tests=None,  # type: ignore[arg-type]
        on_delta=deltas.append,
        notice=lambda code, message: notices.append(f"{code}: {message}"),
    )
    return Side(context), deltas, notices, context


def test_pieces_go_to_watchers_and_only_new_files_of_a_diff(
    told: tuple[Side, list[Delta], list[str], AgentContext],
) -> None:
    side, deltas, _, _ = told
    assert side.take({"method": "item/agentMessage/delta", "params": {"delta": "he"}})
    one, two = "diff --git a/x b/x\n+1\n", "diff --git a/y b/y\n+2\n"
    for diff in (one, one, one + two):
        assert side.take({"method": "turn/diff/updated", "params": {"diff": diff}})
    assert deltas == [Delta("text", "he"), Delta("diff", one), Delta("diff", two)]


def test_a_running_tool_is_known_as_soon_as_it_is_heard(
    told: tuple[Side, list[Delta], list[str], AgentContext],
) -> None:
    side, _, _, context = told
    item = {"type": "commandExecution", "id": "c1", "command": "make"}
    assert not side.take({"method": "item/started", "params": {"item": item}})
    assert context.activity.tools == {"c1": "exec_command"}
    assert not side.take({"method": "item/completed", "params": {"item": item}})
    assert context.activity.tools == {}


def test_what_a_person_should_know_becomes_a_notice_and_the_unknown_once(
    told: tuple[Side, list[Delta], list[str], AgentContext],
) -> None:
    side, _, notices, _ = told
    side.take({"method": "error", "params": {"error": {"message": "Reconnecting 1/2"}, "willRetry": True}})
    side.take({"method": "error", "params": {"error": {"message": "over"}, "willRetry": False}})
    side.take({"method": "mcpServer/startupStatus/updated", "params": {"name": "x", "status": "failed", "error": "no"}})
    side.take({"method": "mcpServer/startupStatus/updated", "params": {"name": "x", "status": "ready"}})
    side.take({"method": "warning", "params": {"message": "mind"}})
    for _ in range(3):
        side.take({"method": "teleport/started", "params": None})
    side.take({"method": "thread/whatever", "params": {}})
    assert [notice.split(":")[0] for notice in notices] == [
        "codex_retry",
        "codex_mcp",
        "codex_warning",
        "codex_unknown",
    ]


def test_a_rollout_is_remembered_up_to_its_last_whole_line(tmp_path: Path) -> None:
    name = f".codex/sessions/2026/01/01/rollout-x-{_ID}.jsonl"
    assert newest_thread(tmp_path) is None
    remember(tmp_path, _ID)
    assert newest_thread(tmp_path) is None, "there is no rollout"
    put_back(tmp_path, {name: b'{"a":1}\n{"b":'})
    assert newest_thread(tmp_path) == _ID
    assert take_memory(tmp_path, _ID).files == {name: b'{"a":1}\n'}
    remember(tmp_path, "../../../etc/passwd-is-36-characters-lo")
    assert newest_thread(tmp_path) is None
    with pytest.raises(OSError, match="not a path within"):
        put_back(tmp_path, {"../out": b""})
