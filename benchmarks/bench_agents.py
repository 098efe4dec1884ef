"""What Loopwright costs around an agent's program, and how many fit beside one another.

    python benchmarks/bench_agents.py [--rounds 5] [--agents codex claude opencode] [--crowd 20]

First: the wall time of `loopwright run` against that of the bare program on the same scripted model, which has five
turns to say. The bare program is started as a person would, and asks the same gateway, in this process; ours has the
sandbox, the record, and the tests of the task at the end besides. They take turns; the least time of each counts.
Then: many runs of Codex at once, each with a script of its own; the most memory that all their processes had in sum.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

if TYPE_CHECKING:  # run as a script: its own folder is on the path, the one above is not
    from benchmarks.bare_agents import bare
    from benchmarks.crowd import Crowd
    from benchmarks.report import exit_code, report
else:
    from bare_agents import bare
    from crowd import Crowd
    from report import exit_code, report

RATIO = 1.25
_LOOPWRIGHT = str(Path(sys.executable).with_name("loopwright"))
_PROMPT = "Write a.txt.\n"
_TASK = {
    "task.toml": '[task]\nname = "five-turns"\n',
    "instruction.md": _PROMPT,
    "environment.py": (
        "from loopwright.harness.environment import suite, workspace\n\n"
        'words = suite("words")\n\n\n'
        '@words.test("written")\ndef written() -> None:\n    assert (workspace() / "a.txt").is_file()\n'
    ),
}
# Commands only: the paths of other calls are those of the sandbox.
_SCRIPT = """\
version: 1
name: five-turns
replies:
  - {think: I look., say: Let me look., calls: [{shell: ls}]}
  - {say: I write., calls: [{shell: echo one > a.txt}]}
  - {say: I change it., calls: [{shell: sed -i s/one/two/ a.txt}]}
  - {say: I read it., calls: [{shell: cat a.txt}]}
  - {say: Done.}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--agents", nargs="*", default=["codex", "claude", "opencode"])
    parser.add_argument("--crowd", type=int, default=20)
    options = parser.parse_args()
    # Codex keeps its home out of /tmp.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="bench-agents-") as temporary:
        folder = Path(temporary)
        for name in options.agents:
            overhead(name, folder / name, options.rounds)
        if options.crowd:
            crowd(folder / "crowd", options.crowd)
    sys.exit(exit_code())


def overhead(name: str, folder: Path, rounds: int) -> None:
    """Measure one agent."""
    (folder / "task").mkdir(parents=True)
    for file, text in _TASK.items():
        (folder / "task" / file).write_text(text)
    (folder / "script.yaml").write_text(_SCRIPT)
    ours, theirs = anyio.run(_take_turns, name, folder, rounds)
    print(
        f"{name}: {min(ours):.2f} s with loopwright, {min(theirs):.2f} s bare: {min(ours) / min(theirs):.2f} x"
        f" (ours {_spread(ours)}, bare {_spread(theirs)}; goal {RATIO} x)"
    )
    bar = None if name == "opencode" else RATIO * min(theirs)
    report(
        name=f"agents: a run of five turns, {name}",
        unit="s",
        value=min(ours),
        peer="the bare program",
        peer_value=min(theirs),
        bar=bar,
    )


def _spread(times: list[float]) -> str:
    return f"{min(times):.2f}-{max(times):.2f}"


async def _take_turns(name: str, folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    ours, theirs = [], []
    async with _gateway(folder) as base:
        for number in range(rounds + 1):
            ours.append(await anyio.to_thread.run_sync(_ours, name, folder, number))
            theirs.append(await anyio.to_thread.run_sync(_theirs, name, folder, base, number))
    return ours[1:], theirs[1:]


def _ours(name: str, folder: Path, number: int) -> float:
    words = ["run", "--task", str(folder / "task"), "--agent", name, "--model", f"scripted:{folder / 'script.yaml'}"]
    env = os.environ | {"LOOPWRIGHT_HOME": str(folder / "home")}
    return _timed([_LOOPWRIGHT, *words, "--plain", "--trajectory-id", f"run-{number}"], env, folder)


def _theirs(name: str, folder: Path, base: str, number: int) -> float:
    workspace = folder / f"bare-{number}"
    workspace.mkdir()
    # Ours has a new home for each run, too.
    command = bare(name, folder / f"bare-home-{number}", workspace, base, _PROMPT)
    taken = _timed(list(command.argv), command.env, workspace)
    assert (workspace / "a.txt").read_text() == "two\n"
    return taken


def _timed(argv: list[str], env: dict[str, str], folder: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(argv, env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    taken = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{argv[0]} failed: {done.stdout[-2000:].decode()}{done.stderr[-2000:].decode()}")
    return taken


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[str]:
    """The scripted model and a `run_tests` tool on a port of loopback."""
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route

    from loopwright.gateway import Gateway, ModelSpec, serve_unix
    from loopwright.harness import mcp_app
    from loopwright.record import Limits
    from loopwright.record.blobs import BlobStore

    async def tool(test_path: str) -> str:
        return "1 passed"

    blobs = BlobStore(folder / "blobs")
    spec = ModelSpec.parse(f"scripted:{folder / 'script.yaml'}")
    gateway = Gateway(spec, on_call=lambda _: None, limits=Limits(), blobs=blobs)
    served = Starlette(routes=[Route("/mcp", endpoint=mcp_app(tool)), Mount("/", app=gateway.app)])
    async with serve_unix(served, folder / "s"), _relayed(folder / "s") as port:
        yield f"http://127.0.0.1:{port}"
    await gateway.close()


@asynccontextmanager
async def _relayed(path: Path) -> AsyncIterator[int]:
    """A port whose connections go on to the unix socket, as inside of a sandbox."""

    async def pump(source: anyio.abc.SocketStream, target: anyio.abc.SocketStream) -> None:
        try:
            async for chunk in source:
                await target.send(chunk)
            await target.send_eof()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            return  # one of the two has gone

    async def handle(near: anyio.abc.SocketStream) -> None:
        async with near, await anyio.connect_unix(path) as far, anyio.create_task_group() as tasks:
            tasks.start_soon(pump, near, far)
            await pump(far, near)
            tasks.cancel_scope.cancel()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


def crowd(folder: Path, count: int) -> None:
    """Measure many runs at once."""
    together = Crowd(folder, count)
    together.run("codex")
    mixed = together.mixed_up()
    print(
        f"{count} runs of codex at once: {len(together.solved)} solved, {len(mixed)} mixed up, "
        f"{together.seconds:.1f} s, {together.peak / 2**20:.0f} MB at most ({together.peak / count / 2**20:.0f} each), "
        f"{len(together.left)} things left"
    )
    report(
        name=f"agents: {count} codex runs at once, those not complete",
        unit="runs",
        value=float(count - len(together.solved) + len(mixed)),
        bar=0,
    )
    report(name=f"agents: {count} codex runs at once, memory", unit="MB", value=together.peak / 2**20)
    report(
        name=f"agents: {count} codex runs at once, things left", unit="things", value=float(len(together.left)), bar=0
    )


if __name__ == "__main__":
    main()
