"""Record the golden streams of Codex anew: `python -m tests.golden.agents.record_codex`, from the repository's root.

Each stream is what the pinned version said to a script, line by line, with ids kept. What Codex tells its model at the
beginning is Codex's own text and is left out. Beside each stream lie the items that it becomes; read their
difference before you commit it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import anyio
from tests.agents.codex_golden import FOLDER, items_of, shown
from tests.agents.codex_stage import played

from loopwright.agents.codex.app_server import AppServer
from loopwright.agents.codex.exec_json import ExecChannel
from loopwright.agents.codex.session import Session

_SCRIPTS = {
    "everything": r"""
  - think: "First the file."
    say: "I write it."
    calls: [{write: {path: a.txt, text: "one\n"}}]
  - calls:
      - shell: "echo two >> a.txt; echo err >&2; exit 3"
      - shell: "echo b > b.txt"
      - run_tests: ""
  - calls: [{call: {name: apply_patch, arguments: {}}}]
  - calls: [{shell: "printf '*** Begin Patch\n*** Add File: c.txt\n+c\n*** End Patch\n' >p; apply_patch \"$(cat p)\""}]
  - calls: [{shell: "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: d.txt\n+dee\n*** End Patch\nEOF\n"}]
  - calls:
      - delegate:
          prompt: "look at the files please"
          replies:
            - say: "I look."
              calls: [{shell: "echo sub > sub.txt"}]
            - say: "sub done"
  - calls: [{call: {name: exec_command, arguments: {cmd: "sleep 1; echo end", yield_time_ms: 250}}}]
  - say: "Done."
""",
    "failure": '\n  - say: "Before."\n  - calls: [{call: {name: no_such_tool, arguments: {}}}]\n',
}


async def _record(name: str, script: str) -> None:
    heard: list[dict[str, Any]] = []
    kept = AppServer._hear

    async def hear(server: AppServer, line: bytes) -> None:
        heard.append(json.loads(line))
        await kept(server, line)

    AppServer._hear = hear  # type: ignore[method-assign,assignment]
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with played(Path(folder), script) as (_, _, turn):
                async for _ in turn("do it"):
                    pass
                async for _ in turn("go on"):
                    pass
    finally:
        AppServer._hear = kept  # type: ignore[method-assign]
    _write(name, heard)


async def _record_exec(name: str, script: str) -> None:
    heard: list[dict[str, Any]] = []
    kept, open_ = ExecChannel._hear, Session.open

    async def hear(channel: ExecChannel, line: bytes) -> None:
        heard.append(json.loads(line))
        await kept(channel, line)

    async def open_exec(*arguments: Any) -> Session:
        session = await open_(*arguments)
        del session._channels[0]
        return session

    ExecChannel._hear, Session.open = hear, open_exec  # type: ignore[method-assign,assignment]
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with played(Path(folder), script) as (_, _, turn):
                async for _ in turn("do it"):
                    pass
    finally:
        ExecChannel._hear, Session.open = kept, open_  # type: ignore[method-assign]
    _write(name, heard)


def _write(name: str, heard: list[dict[str, Any]]) -> None:
    lines = [json.dumps(_without_prompts(message), separators=(",", ":")) for message in heard]
    stream = FOLDER / f"{name}.jsonl"
    stream.write_text("\n".join(lines) + "\n")
    items = items_of(stream.read_bytes().splitlines())
    (FOLDER / f"{name}.items.json").write_text(json.dumps([shown(item) for item in items], indent=1) + "\n")


def _without_prompts(message: dict[str, Any]) -> dict[str, Any]:
    item = message.get("params", {}).get("item")
    if isinstance(item, dict) and item.get("type") == "message" and item.get("role") != "assistant":
        item["content"] = []
    return message


async def _main() -> None:
    for name, script in _SCRIPTS.items():
        await _record(name, script)
    await _record_exec("exec", _SCRIPTS["everything"])


if __name__ == "__main__":
    anyio.run(_main)
