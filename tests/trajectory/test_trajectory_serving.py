"""An agent inside the sandbox reaches the model and `run_tests` through the relay, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from loopwright.agents import TestReply
from loopwright.gateway import Gateway, ModelSpec, serve_unix
from loopwright.record import BlobStore, Limits
from loopwright.sandbox import Command, Mount, Relay, SandboxSpec, open_sandbox
from loopwright.trajectory.grading import GradeDesk
from loopwright.trajectory.serving import host_app

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

_CLIENT = """
import asyncio, json, sys, urllib.request
from mcp.client.client import Client

async def main():
    async with Client(sys.argv[1] + "/mcp") as client:
        tools = (await client.list_tools()).tools
        answer = await client.call_tool("run_tests", {"test_path": "words/ada"})
        print([tool.name for tool in tools], answer.content[0].text)

asyncio.run(main())
body = {"model": "any", "messages": [{"role": "user", "content": "hi"}], "tools": []}
request = urllib.request.Request(sys.argv[1] + "/v1/chat/completions", json.dumps(body).encode())
request.add_header("content-type", "application/json")
print(json.load(urllib.request.urlopen(request))["model"])
"""


class _Desk:
    """Answers without grading; the grader has tests of its own."""

    async def run_tests(self, test_path: str, call_id: str) -> TestReply:
        return TestReply(f"graded {test_path}", "g", ok=True)


async def test_mcp_and_model_through_the_relay(tmp_path: Path, tiny_script: Path) -> None:
    calls: list[Any] = []
    spec = ModelSpec.parse(f"scripted:{tiny_script}")
    gateway = Gateway(spec, on_call=calls.append, limits=Limits(), blobs=BlobStore(tmp_path / "blobs"))
    (tmp_path / "client.py").write_text(_CLIENT)
    relay = Relay(tmp_path / "gateway.sock")
    mounts = (Mount(tmp_path / "client.py", "/client.py"),)
    async with serve_unix(host_app(gateway, cast(GradeDesk, _Desk())), relay.socket):
        sandbox = open_sandbox("bwrap", SandboxSpec(mounts=mounts, workdir="/", relay=relay))
        url = f"http://127.0.0.1:{relay.port}"
        done = await sandbox.run(Command((sys.executable, "/client.py", url)))
    assert done.exit_code == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines() == ["['run_tests'] graded words/ada", "scripted-greeter"]
    assert [call.model_asked for call in calls] == ["any"]
