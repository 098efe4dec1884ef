"""Tools of MCP servers in a run: found, called, refused, and what a server does that dies or hangs."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow

SERVER = """
import json, os, sys, time

def tool(name, properties, required=()):
    return {"name": name, "description": name, "inputSchema":
            {"type": "object", "properties": properties, "required": list(required)}}

FIRST = [tool("add", {"a": {"type": ["integer", "null"]}, "b": {"minimum": 1}}, ["a"]), tool("die", {})]
SECOND = [tool("hang", {}), tool("broken", {})]

def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "s", "version": "1"}}
    if method == "tools/list":
        return {"tools": SECOND} if params.get("cursor") else {"tools": FIRST, "nextCursor": "more"}
    name = params["name"]
    if name == "die":
        os._exit(3)
    if name == "hang":
        time.sleep(60)
    if name == "broken":
        print("this is no JSON", flush=True)
    given = params.get("arguments") or {}
    return {"content": [{"type": "text", "text": "got " + json.dumps(given, sort_keys=True)}]}

for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        try:
            body = {"result": answer(message["method"], message.get("params") or {})}
        except (KeyError, TypeError):
            body = {"error": {"code": -32601, "message": "no such method"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}), flush=True)
"""


def served(lab: Any, *calls: str, more: str = "") -> Any:
    (lab.workspace / "server.py").write_text(SERVER)
    replies = "".join(f"- calls: [{{call: {call}}}]\n" for call in calls) + "- say: Done.\n"
    profile = f"tools: {{mcp: {{m: {{command: [python3, server.py]}}}}}}\n{more}"
    return lab.run(replies, profile)


def test_all_pages_are_offered_and_arguments_of_several_types_fit(lab: Any) -> None:
    ran = served(
        lab,
        "{name: m__add, arguments: {a: 2, b: 3}}",
        "{name: m__add, arguments: {a: 2, b: text}}",
        "{name: m__add, arguments: {a: two}}",
    )
    offered = [tool["function"]["name"] for tool in ran.requests[0]["tools"]]
    assert {"m__add", "m__die", "m__hang", "m__broken"} <= set(offered)
    assert [status for _, status in ran.results()] == ["completed", "completed", "failed"]
    assert ran.result(0) == 'got {"a": 2, "b": 3}'
    assert "must be of type integer or null" in ran.result(2)


def test_a_server_that_dies_fails_its_calls_and_the_run_goes_on(lab: Any) -> None:
    ran = served(
        lab, "{name: m__die, arguments: {}}", "{name: m__add, arguments: {a: 1}}", "{name: list_dir, arguments: {}}"
    )
    assert [status for _, status in ran.results()] == ["failed", "failed", "completed"]
    assert "the server m" in ran.result(0)
    assert ran.outcome.outcome == "finished"


def test_a_server_that_hangs_is_given_up_after_the_time_of_a_command(lab: Any) -> None:
    ran = served(lab, "{name: m__hang, arguments: {}}", more="workspace: {sandbox: {command_seconds: 1}}")
    assert ran.results() == [("m__hang", "timeout")]
    assert "did not answer within 1 s" in ran.result()


def test_words_that_are_no_json_do_not_break_a_server(lab: Any) -> None:
    ran = served(lab, "{name: m__broken, arguments: {}}", "{name: m__add, arguments: {a: 1}}")
    assert ran.results()[1] == ("m__add", "completed")


def test_a_mode_gates_the_tools_of_a_server(lab: Any) -> None:
    modes = "modes: [{name: plan, tools_enabled: [read_file]}]"
    ran = served(lab, "{name: m__add, arguments: {a: 1}, force: true}", more=modes)
    assert ran.results() == [("m__add", "denied")]
