"""The run folder of a profile: everything that was sent, received and run, for people to read.

It is derived from the journal, so what it shows is what was sent; it can be deleted and is written again.

    conversation/conversation.md, index.json      the whole conversation, with links to the files below
    prompts/system_pN.md, per_turn/turn_N.md      compiled prompts, each where it changed
    raw/requests, raw/responses                   what went over the wire, by the number of the reply's first part
    requests/                                     the same requests in one form for all APIs
    provider_native/tools_provided, tool_calls, tool_results
    artifacts/tool_results/                       what each tool printed, by the number of its part
    errors/                                       calls that brought no reply
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from loopwright.base import atomic_write
from loopwright.record import BlobStore, PartAdded, RunDir, read_events
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs.exchanges import Exchange, Logged, exchanges_of
from loopwright.runtime.logs.redaction import Redactor
from loopwright.runtime.logs.requests import structured, system_text, tools_of
from loopwright.runtime.logs.transcript import transcript

__all__ = ["MARK", "RunFolder", "folder_name"]

MARK = "loopwright-run-folder.json"
"""The file by which we know a folder as ours."""


def folder_name(started_at: str, workspace: str, trajectory_id: str) -> str:
    """`<YYYYmmdd-HHMMSS>_<workspace>_<id>`, in UTC; sorts by time."""
    stamp = started_at[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{stamp}_{workspace[:32] or 'run'}_{trajectory_id[:8]}"


class RunFolder:
    """Writes and completes one run folder.

    Args:
        rundir: The run.
        folder: The run folder; made where it is missing.
        settings: What is kept.
    """

    def __init__(self, rundir: RunDir, folder: Path, settings: Logging) -> None:
        self.folder = folder
        self._rundir = rundir
        self._settings = settings
        self._blobs = BlobStore(rundir.blobs_folder)
        self._redact = Redactor() if settings.redact else lambda text: text
        self._written: set[int] = set()
        self._system = ""

    def update(self) -> None:
        """Write what happened since the last time.

        Raises:
            MachineError: The folder cannot be written.
        """
        logged = exchanges_of(event for _, event in read_events(self._rundir.journal))
        if not (self.folder / MARK).exists():
            self._text(MARK, json.dumps({"trajectory_id": self._rundir.id}) + "\n")
        for exchange in logged.exchanges:
            # The newest may still grow.
            if exchange.number not in self._written or exchange is logged.exchanges[-1]:
                self._exchange(exchange, logged)
                self._written.add(exchange.number)
        for call in logged.calls:
            if call.error:
                shown = {"call": call.call, "status": call.status, "error": call.error, "model": call.model_asked}
                self._json(f"errors/call_{call.call:05}.json", shown)
        self._text("conversation/conversation.md", transcript(logged, self._blobs, self._settings))
        self._json("conversation/index.json", _index(logged))

    def _exchange(self, exchange: Exchange, logged: Logged) -> None:
        name = f"p{exchange.number:05}"
        call = exchange.call
        request = logged.request(call, self._blobs) if call is not None and call.request is not None else None
        if call is not None and isinstance(request, dict):
            self._request(name, call.api, request)
            if self._settings.include_raw and call.response is not None:
                self._json(f"raw/responses/{name}.response.json", self._blobs.value(call.response))
        native = [part for part in exchange.said if part.item_type == "function_call"]
        if native:
            self._json(f"provider_native/tool_calls/{name}.json", [self._call(part) for part in native])
        answered = [part for part in exchange.results if part.item_type == "function_call_output"]
        if answered:
            self._json(f"provider_native/tool_results/{name}.json", [self._call(part) for part in answered])
        for part in exchange.results:
            self._text(f"artifacts/tool_results/{result_file(part)}", f"{self._result(part)}\n")

    def _request(self, name: str, api: str, request: dict[str, Any]) -> None:
        if self._settings.include_raw:
            self._json(f"raw/requests/{name}.request.json", request)
        if self._settings.include_structured_requests:
            self._json(f"requests/{name}.json", structured(api, request))
        system = system_text(api, request)
        if system != self._system:
            self._text(f"prompts/system_{name}.md", system + "\n")
            self._system = system
        if tools_of(request):
            self._json(f"provider_native/tools_provided/{name}.json", tools_of(request))

    def _call(self, part: PartAdded) -> dict[str, Any]:
        tool = part.tool
        if tool is None:
            return {"part": part.part}
        value = tool.arguments if part.part_type == "tool_call" else tool.result
        key = "arguments" if part.part_type == "tool_call" else "result"
        shown = None if value is None else self._blobs.value(value)
        return {"part": part.part, "call_id": tool.call_id, "name": tool.name, "status": tool.status, key: shown}

    def _result(self, part: PartAdded) -> str:
        result = part.tool.result if part.tool is not None else None
        return "" if result is None else str(self._blobs.value(result))

    def _json(self, name: str, value: Any) -> None:
        self._text(name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def _text(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, self._redact(text).encode("utf-8", "replace"))


def result_file(part: PartAdded) -> str:
    """The name of the file with a tool's output."""
    tool = part.tool.name if part.tool is not None else "tool"
    safe = "".join(char if char.isalnum() or char in "-_" else "_" for char in tool)[:40]
    return f"p{part.part:05}_{safe}.txt"


def _index(logged: Logged) -> dict[str, Any]:
    return {
        "turns": [{"turn": turn.turn, "part_start": turn.part_start} for turn in logged.turns],
        "replies": [
            {
                "part": exchange.number,
                "turn": exchange.turn,
                "model_call": exchange.call.call if exchange.call is not None else None,
                "results": [part.part for part in exchange.results],
            }
            for exchange in logged.exchanges
        ],
    }


def keep_newest(root: Path, count: int) -> None:
    """Delete all but the newest `count` run folders of `root`; what does not carry our mark is left alone."""
    ours = sorted(entry for entry in root.iterdir() if (entry / MARK).is_file() and not entry.is_symlink())
    for folder in ours[: max(len(ours) - count, 0)]:
        shutil.rmtree(folder)
