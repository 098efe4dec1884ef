"""A small agent as a program of its own: does what its plan says, and tells of it in JSON lines.

Its plan, `plan.json` in its home, is a list of turns, each a list of actions. What it has done is in `done.json`, so
that a new process goes on where an old one died; `memory.jsonl` is its own memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME, GATEWAY = Path(os.environ["HOME"]), os.environ.get("GATEWAY", "")


def tell(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def post(path: str, body: Any, **headers: str) -> Any:
    request = urllib.request.Request(GATEWAY + path, json.dumps(body).encode())
    for name, value in {"content-type": "application/json", **headers}.items():
        request.add_header(name, value)
    return urllib.request.urlopen(request)


def model(text: str) -> str:
    body = {"model": "any", "messages": [{"role": "user", "content": text}], "tools": []}
    with post("/v1/chat/completions", body) as answer:
        return str(json.load(answer)["choices"][0]["message"].get("content"))


def grade(path: str) -> str:
    accept = {"accept": "application/json, text/event-stream"}
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "probe", "version": "1"}}
    with post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}, **accept) as answer:
        session = {"mcp-session-id": answer.headers["mcp-session-id"], **accept}
        answer.read()
    post("/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, **session).close()
    call = {"name": "run_tests", "arguments": {"test_path": path}}
    with post("/mcp", {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}, **session) as answer:
        lines = [line[6:] for line in answer.read().decode().splitlines() if line.startswith("data: {")]
    return str(json.loads(lines[-1])["result"]["content"][0]["text"])


def write(path: str, text: str) -> None:
    Path(path).write_text(text)


def say(text: str) -> None:
    tell(delta="text", text=text)
    tell(item="text", text=text)


def write_and_tell(path: str, text: str) -> None:
    write(path, text)
    tell(item="patch", text=path)


def ask_model(text: str = "go on") -> None:
    tell(item="text", text=model(text))


def run_tests(path: str) -> None:
    about = {"tool": "mcp__loopwright__run_tests", "id": f"c{time.monotonic_ns()}"}
    tell(item="call", arguments={"test_path": path}, **about)
    tell(item="result", text=grade(path), **about)


def run_shell(command: str) -> None:
    about = {"tool": "shell", "id": f"c{time.monotonic_ns()}"}
    tell(item="call", arguments={"command": command}, **about)
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    tell(item="result", text=done.stdout, code=done.returncode, **about)


def wait_for(name: str) -> None:
    """Until there is /tmp/NAME: a test makes it, in the run's scratch folder, when it has seen what it waited for."""
    while not Path("/tmp", name).exists():
        time.sleep(0.02)


def hint_until(text: str, name: str) -> None:
    """Say what becomes no part, again and again, until there is /tmp/NAME."""
    while not Path("/tmp", name).exists():
        tell(delta="text", text=text)
        time.sleep(0.1)


def leave(code: int) -> None:
    tell(item="text", text="I leave")
    os._exit(code)


def be_killed(name: str) -> None:
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(60)


ACTIONS: dict[str, Callable[..., None]] = {
    "say": say,
    "write": write_and_tell,
    "quietly": write,
    "model": ask_model,
    "tests": run_tests,
    "shell": run_shell,
    "start": lambda: tell(item="started", tool="shell", id="c0"),
    "sleep": time.sleep,
    "await": wait_for,
    "hint": hint_until,
    "exit": leave,
    "signal": be_killed,
}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "steer" in asked:
            tell(item="text", text=f"I was told: {asked['steer']}")
            continue
        with (HOME / "memory.jsonl").open("a") as file:
            file.write(line)
        turn(asked.get("prompt"))


def turn(prompt: str | None) -> None:
    plan = json.loads((HOME / "plan.json").read_text())
    done_file = HOME / "done.json"
    number, done = json.loads(done_file.read_text()) if done_file.exists() else [0, 0]
    if prompt is not None and "#heard" in str(plan):
        tell(item="text", text=f"heard: {prompt}")
    for position, action in enumerate(plan[number] if number < len(plan) else []):
        if position >= done:
            done_file.write_text(json.dumps([number, position + 1]))
            ACTIONS[action[0]](*action[1:])
    done_file.write_text(json.dumps([number + 1, 0]))
    tell(done=True)


main()
