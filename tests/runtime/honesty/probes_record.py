"""Probes of what is kept of a run besides its journal (mirror, logging, telemetry), and of MCP servers."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.runtime.honesty.probe import Observe, Probe
from tests.runtime.honesty.stage import DONE, Played, calls, kept, play, ran

from loopwright.runtime.config import LoadedConfig

__all__ = ["PROBES"]

_WRITE = calls(("write_file", {"path": "new.txt", "content": "hello\n"}))
_SECRET = "a-very-secret-value"
_TELL = calls(("run_shell", {"command": f"echo {_SECRET}"}))
_LOGS = "home/trajectories/probe/logs"
_HERE = "logging: {root_dir: here}"


def _two(text: str, first: str, second: str, see: Observe, both: str = "") -> Probe:
    return Probe(text % first, text % second, see, "run", both)


def _names(*places: str) -> Observe:
    """Which files there are, not what is in them."""
    return ran(_WRITE, DONE, pick=lambda played: sorted(kept(*places)(played)))


def _moments(loaded: LoadedConfig, folder: Path) -> list[bool]:
    """Whether the copy has the file: after each part, when the turn ended, and at the end."""
    return play(loaded, folder, [_WRITE, DONE], watch=(folder / "copy" / "new.txt").exists).watched


def _with_secret(loaded: LoadedConfig, folder: Path) -> bool:
    with patch.dict(os.environ, {"PROBE_TOKEN": _SECRET}):
        played = play(loaded, folder, [_TELL, DONE])
    texts = kept(_LOGS)(played).values()
    return any(_SECRET in text for text in texts)


def _older(loaded: LoadedConfig, folder: Path) -> int:
    """How many of three older run folders are still there after a run."""
    from loopwright.runtime.logs.folder import MARK

    for name in ("20200101-000000_a", "20200102-000000_b", "20200103-000000_c"):
        (folder / "here" / name).mkdir(parents=True)
        (folder / "here" / name / MARK).write_text("{}")
    play(loaded, folder, [DONE])
    return len(list((folder / "here").iterdir()))


def _measured(played: Played) -> Any:
    rows = []
    for path in sorted(played.folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as database:
            rows.append((path.name, database.execute("SELECT * FROM replies").fetchall()))
    return rows


# The least that speaks MCP: one tool, named by the first argument and described by a variable.
_SERVER = """
import json, os, sys
tool = {"name": sys.argv[1], "description": os.environ.get("WHO", ""), "inputSchema": {"type": "object"}}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        hello = {"capabilities": {"tools": {}}, "serverInfo": {"name": "probe", "version": "1"}}
        hello["protocolVersion"] = asked.get("params", {}).get("protocolVersion", "")
        answers = {"initialize": hello, "tools/list": {"tools": [tool]}}
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": answers.get(asked["method"], {})}
        print(json.dumps(answer), flush=True)
"""


def _mcp(text: str, first: str, second: str, both: str = "") -> Probe:
    offered = ran(DONE, pick=lambda played: played.requests[0]["tools"])
    server = "tools: {mcp: {m: {%s}}}"
    return Probe(server % text % first, server % text % second, offered, "run", both, {"server.py": _SERVER})


PROBES = {
    "workspace.mirror.enabled": _two(
        "workspace: {mirror: {enabled: %s}}", "true", "false", _names("copy"), "workspace: {mirror: {path: copy}}"
    ),
    "workspace.mirror.path": _two(
        "workspace: {mirror: {path: %s}}",
        "copy",
        "double",
        _names("copy", "double"),
        "workspace: {mirror: {enabled: true}}",
    ),
    "workspace.mirror.mode": _two(
        "workspace: {mirror: {mode: %s}}",
        "development",
        "production",
        _moments,
        "workspace: {mirror: {enabled: true, path: copy}}",
    ),
    "logging.enabled": _two("logging: {enabled: %s}", "true", "false", _names(_LOGS)),
    "logging.root_dir": _two("logging: {root_dir: %s}", "here", "there", _names("here", "there")),
    "logging.redact": _two("logging: {redact: %s}", "true", "false", _with_secret),
    "logging.include_raw": _two("logging: {include_raw: %s}", "true", "false", _names(_LOGS)),
    "logging.include_structured_requests": _two(
        "logging: {include_structured_requests: %s}", "true", "false", _names(_LOGS)
    ),
    "logging.retention.max_runs": _two("logging: {retention: {max_runs: %s}}", "2", "3", _older, _HERE),
    "telemetry.database_path": _two(
        "telemetry: {database_path: %s}", "a.db", "b.db", ran(_WRITE, DONE, pick=_measured)
    ),
    "telemetry.per_turn_metrics": _two(
        "telemetry: {per_turn_metrics: [%s]}",
        "SVS",
        "PAS",
        ran(_WRITE, DONE, pick=_measured),
        "telemetry: {database_path: a.db}",
    ),
    "tools.mcp.*.command": _mcp("command: [python3, ../server.py, %s]", "greet", "wave"),
    "tools.mcp.*.env.*": _mcp(
        "env: {WHO: %s}", "ada", "alan", "tools: {mcp: {m: {command: [python3, ../server.py, greet]}}}"
    ),
}
