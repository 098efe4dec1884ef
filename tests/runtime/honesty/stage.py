"""Ways of looking at a configuration: what is loaded, what would be sent, and what a run does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import yaml
from tests.runtime.honesty.probe import Observe

from loopwright.agents.native import NativeAgent
from loopwright.agents.protocol import AgentContext, AgentItem, TestReply
from loopwright.gateway import Gateway, ModelSpec, serve_unix, whole_request
from loopwright.record import Journal, ModelCalled, PartAdded, Payload, RunDir, ToolUse, TurnStarted
from loopwright.record.samples import at, run_started
from loopwright.runtime.agent.asking import request_of
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.harness import Harness
from loopwright.runtime.config import LoadedConfig
from loopwright.runtime.providers.preview import request_bytes
from loopwright.sandbox import Mount, SandboxSpec, open_sandbox

__all__ = [
    "DONE",
    "Played",
    "body",
    "calls",
    "commanded",
    "kept",
    "named",
    "play",
    "ran",
    "recorded",
    "results",
    "said",
    "sent",
]


def harness_of(loaded: LoadedConfig, model: str = "") -> Harness:
    """The harness for the default model, or another."""
    chosen = model or loaded.config.providers.default_model
    return Harness(loaded, chosen, chosen)


def body(loaded: LoadedConfig, model: str = "") -> dict[str, Any]:
    """The first request for the prompt `Do it.`, as it would be sent."""
    harness = harness_of(loaded, model)
    dialogue = Dialogue(harness)
    dialogue.prompt("Do it.")
    path, data = anyio.run(request_bytes, harness.api, request_of(dialogue))
    return {"path": path, **json.loads(data)}


def named(loaded: LoadedConfig, folder: Path) -> str:
    """What the agent is called."""
    return loaded.name


def recorded(loaded: LoadedConfig, folder: Path) -> dict[str, Any]:
    """What is recorded of the profile when a run begins, but for where it lies and its digest."""
    description = NativeAgent(str(loaded.path)).describe()
    return {key: value for key, value in description.items() if key not in ("profile_path", "profile_digest")}


def commanded(*replies: dict[str, Any], pick: Callable[[Path, dict[str, Any]], Any]) -> Observe:
    """Run `loopwright agent`; look at the record and at what `--json` says. For keys that hold outside of the loop."""

    def see(loaded: LoadedConfig, folder: Path) -> Any:
        (folder / "script.yaml").write_text(yaml.safe_dump({"version": 1, "name": "probe", "replies": list(replies)}))
        (folder / "task.md").write_text("Do it.")
        words = ["agent", loaded.path, "--task", "task.md", "--model", "scripted:script.yaml", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "loopwright", *map(str, words)],
            cwd=folder,
            env={**os.environ, "LOOPWRIGHT_HOME": str(folder / "home")},
            capture_output=True,
            check=False,
        )
        facts = json.loads(done.stdout or done.stderr)
        return pick(Path(facts["record"]), facts)

    return see


def sent(model: str = "", pick: Callable[[dict[str, Any]], Any] = lambda request: request) -> Observe:
    """Look at the first request."""
    return lambda loaded, folder: pick(body(loaded, model))


@dataclass
class Played:
    """What a run left behind: `folder` holds all of it."""

    folder: Path
    items: list[AgentItem] = field(default_factory=list)
    outcome: str = ""
    requests: list[Any] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    watch: Callable[[], Any] = lambda: None
    watched: list[Any] = field(default_factory=list)


def play(
    loaded: LoadedConfig,
    folder: Path,
    replies: Sequence[dict[str, Any]],
    files: dict[str, str] | None = None,
    watch: Callable[[], Any] = lambda: None,
) -> Played:
    """Run one turn in this process: a real gateway with a scripted model, a real journal, the real agent.

    What `watch` gives is kept after each item, after the turn, and after the end.
    """
    script = {"version": 1, "name": "probe", "price": {"input": 1.0, "output": 1.0}, "replies": list(replies)}
    (folder / "script.yaml").write_text(yaml.safe_dump(script))
    (folder / "workspace").mkdir()
    for name, text in (files or {}).items():
        (folder / "workspace" / name).write_text(text)
    return anyio.run(_play, loaded, Played(folder, watch=watch))


async def _play(loaded: LoadedConfig, played: Played) -> Played:
    agent, model = NativeAgent(str(loaded.path)), f"scripted:{played.folder / 'script.yaml'}"
    recorded: list[ModelCalled] = []
    rundir = RunDir.create(played.folder / "home", "probe")
    with Journal.open(rundir) as journal, tempfile.TemporaryDirectory() as short:
        journal.append(run_started("probe"))
        journal.append(TurnStarted(1, at(1), Payload(value="Do it."), 1))

        def called(call: ModelCalled) -> None:
            recorded.append(call)
            journal.append(call)

        gateway = Gateway(ModelSpec.parse(model), on_call=called, blobs=journal.blobs, limits=agent.limits)
        context = _context(played, Path(short) / "gateway.sock", rundir, model)
        async with serve_unix(gateway.app, context.gateway_socket):
            await agent.prepare(context)
            try:
                async for item in agent.turn("Do it."):
                    played.items.append(item)
                    journal.append(_part(len(played.items), item))
                    played.watched.append(played.watch())
                played.watched.append(played.watch())
            finally:
                await agent.close()
                await gateway.close()
        played.watched.append(played.watch())
        played.requests = [whole_request(recorded, call.call, journal.blobs.value) for call in recorded if call.request]
    played.outcome = f"{agent.outcome.outcome}: {agent.outcome.detail}"
    played.files = _texts(played.folder / "workspace")
    return played


def _context(played: Played, socket: Path, rundir: RunDir, model: str) -> AgentContext:
    workspace = played.folder / "workspace"
    return AgentContext(
        instruction="Do it.",
        workspace=workspace,
        sandbox=open_sandbox("host", SandboxSpec(mounts=(Mount(workspace, "/workspace", writable=True),))),
        gateway_socket=socket,
        model="probe",
        run_tests=_graded,
        options={"conversation": "probe", "model_id": model, "rundir": rundir},
        notice=lambda code, message: played.notices.append(f"{code}: {message}"),
    )


def _part(number: int, item: AgentItem) -> PartAdded:
    def payload(value: Any) -> Payload | None:
        return None if value is None else Payload(value=value)

    tool = ToolUse(str(item.tool_name), item.call_id, payload(item.arguments), payload(item.result), item.tool_status)
    return PartAdded(
        part=number,
        turn=1,
        timestamp=at(number),
        role=item.role,
        part_type=item.part_type,
        item_type=item.item_type,
        summary=item.summary,
        duration_ms=0,
        agent_model="probe",
        content=payload(item.content),
        tool=tool if item.tool_name else None,
        reply=item.reply,
    )


def _texts(folder: Path) -> dict[str, str]:
    """Every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return {str(path.relative_to(folder)): path.read_bytes().decode("utf-8", "replace") for path in files}


def kept(*places: str) -> Callable[[Played], dict[str, str]]:
    """Look at what is in these folders after a run."""
    return lambda played: {
        f"{place}/{name}": text for place in places for name, text in _texts(played.folder / place).items()
    }


async def _graded(path: str, call_id: str) -> TestReply:
    return TestReply("0 of 1 passed", "g1", ok=False)


def calls(*tools: tuple[str, dict[str, Any]], say: str = "") -> dict[str, Any]:
    """A reply with native calls."""
    return {
        "say": say,
        "calls": [{"call": {"name": name, "arguments": arguments, "force": True}} for name, arguments in tools],
    }


def said(text: str) -> dict[str, Any]:
    """A reply of text."""
    return {"say": text}


DONE = calls(("finish", {"summary": "Done."}))


def ran(
    *replies: dict[str, Any], files: dict[str, str] | None = None, pick: Callable[[Played], Any] | None = None
) -> Observe:
    """Play replies and look at what came of them: results, and how the turn ended."""
    return lambda loaded, folder: (pick or results)(play(loaded, folder, replies, files))


def results(played: Played) -> Any:
    """Every result with its status, what else the loop said, and the outcome."""
    spoken = [
        (item.item_type, item.tool_status, item.result or item.content) for item in played.items if item.role == "user"
    ]
    return spoken, played.outcome, played.files
