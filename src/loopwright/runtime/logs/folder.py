"""The run folder of a profile: everything that was sent, received and run, for people to read.

It is derived from the journal, so what it shows is what was sent; it can be deleted and is written again.

    conversation/conversation.md, index.json      the whole conversation, with links to the files below
    prompts/system_pN.md                          the system prompt, where it changed
    prompts/per_turn/turn_N.md                    the prompt of a turn as it was sent, with what was added to it
    raw/requests, raw/responses                   what went over the wire, by the number of the reply's first part;
                                                  of requests, as many as have 256 MiB together
    requests/                                     what each request added to the one before, in one form for all APIs
    provider_native/tools_provided                the schemas that were offered, where they changed
    provider_native/tool_calls, tool_results      calls by the provider's own means, and what came of them
    artifacts/tool_results/                       what each tool printed, by the number of its part
    errors/                                       calls that brought no reply
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from loopwright.base import MachineError, UsageError, atomic_write
from loopwright.record import BlobStore, PartAdded, RunDir, read_events, writer_of
from loopwright.runtime.config.schema.record import Logging
from loopwright.runtime.logs.exchanges import Exchange, Logged, Sent, exchanges_of
from loopwright.runtime.logs.names import (
    error_file,
    raw_request,
    raw_response,
    request_file,
    result_file,
    system_file,
    tools_file,
)
from loopwright.runtime.logs.redaction import NOTHING, Redactor
from loopwright.runtime.logs.requests import newest_user_text, since, structured, system_text, tools_of
from loopwright.runtime.logs.transcript import transcript

__all__ = ["MARK", "RunFolder", "folder_name", "keep_newest"]

# Each request is written whole and holds all that was said before, so they grow with the square of a run.
_MOST_RAW = 256 << 20

MARK = "loopwright-run-folder.json"
"""The file by which we know a folder as ours."""


def folder_name(started_at: str, task: str, trajectory_id: str) -> str:
    """`<YYYYmmdd-HHMMSS>_agent_ws_<task>_<id>`, in UTC; sorts by time. `agent_ws` is what seed 003 looks for."""
    stamp = started_at[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{stamp}_agent_ws_{task[:32] or 'run'}_{trajectory_id[:8]}"


class RunFolder:
    """Writes and completes one run folder.

    Args:
        rundir: The run.
        folder: The run folder; made where it is missing.
        settings: What is kept.
        redactor: What hides secrets; by default, those of this process's environment.
        tools_in_prompts: Whether tools are described with each prompt.
    """

    def __init__(
        self,
        rundir: RunDir,
        folder: Path,
        settings: Logging,
        redactor: Redactor | None = None,
        *,
        tools_in_prompts: bool = True,
    ) -> None:
        self.folder = folder
        self._rundir = rundir
        self._settings = settings
        self._blobs = BlobStore(rundir.blobs_folder)
        self._redact = (redactor or Redactor()) if settings.redact else NOTHING
        self._tools_in_prompts = tools_in_prompts
        self._written: dict[int, int] = {}
        self._raw: dict[str, int] = {}
        self._system = ""
        self._tools: list[Any] = []

    def update(self) -> None:
        """Write what happened since the last time.

        Raises:
            MachineError: The folder cannot be written, or the journal is damaged.
        """
        logged = exchanges_of(event for _, event in read_events(self._rundir.journal))
        sent = Sent(logged.calls, self._blobs)
        if not (self.folder / MARK).exists():
            self._text(MARK, json.dumps({"trajectory_id": self._rundir.id, "home": str(self._rundir.home)}) + "\n")
        turns: set[int] = set()
        for exchange, before in zip(logged.exchanges, (None, *logged.exchanges), strict=False):
            parts = len(exchange.said) + len(exchange.results)
            if self._written.get(exchange.number) != parts:  # it is new, or has grown
                self._exchange(exchange, before, sent, first=exchange.turn not in turns)
                self._written[exchange.number] = parts
            turns.add(exchange.turn)
        for call in logged.calls:
            if call.error:
                shown = {"call": call.call, "status": call.status, "error": call.error, "model": call.model_asked}
                self._json(error_file(call), shown)
        text = transcript(logged, sent, self._blobs, self._settings, self._redact, tools=self._tools_in_prompts)
        self._text("conversation/conversation.md", text)
        self._json("conversation/index.json", _index(logged))

    def _exchange(self, exchange: Exchange, before: Exchange | None, sent: Sent, *, first: bool) -> None:
        name, call = exchange.name, exchange.call
        request = sent.request(call)
        if call is not None and request:
            self._request(name, call.api, request)
            if self._settings.include_structured_requests:
                self._json(request_file(name), _added(before, sent, structured(call.api, request)))
            if first:
                self._text(f"prompts/per_turn/turn_{exchange.turn}.md", newest_user_text(call.api, request) + "\n")
            if self._settings.include_raw and call.response is not None:
                self._json(raw_response(name), self._blobs.value(call.response))
        native = [part for part in exchange.said if part.item_type == "function_call"]
        if native:
            self._json(f"provider_native/tool_calls/{name}.json", [self._call(part) for part in native])
        answered = [part for part in exchange.results if part.item_type == "function_call_output"]
        if answered:
            self._json(f"provider_native/tool_results/{name}.json", [self._call(part) for part in answered])
        for part in exchange.results:
            self._text(result_file(part), f"{self._result(part)}\n")

    def _request(self, name: str, api: str, request: dict[str, Any]) -> None:
        if self._settings.include_raw:
            self._raw_request(name, request)
        system, tools = system_text(api, request), tools_of(request)
        if system != self._system:
            self._text(system_file(name), system + "\n")
            self._system = system
        if tools != self._tools:
            self._json(tools_file(name), tools)
            self._tools = tools

    def _raw_request(self, name: str, request: dict[str, Any]) -> None:
        """The request as it was sent; beyond `_MOST_RAW` bytes of them, what is to be read instead."""
        text = _as_json(request)
        if name in self._raw or sum(self._raw.values()) + len(text) <= _MOST_RAW:
            self._raw[name] = len(text)
        else:
            whole = f"the raw requests of this run have more than {_MOST_RAW >> 20} MiB; this one has {len(text)} bytes"
            structured = self._settings.include_structured_requests
            more = {"what_was_new_in_it": f"../../{request_file(name)}"} if structured else {}
            text = _as_json({"left_out": whole, **more})
        self._text(raw_request(name), text)

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
        self._text(name, _as_json(value))

    def _text(self, name: str, text: str) -> None:
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, self._redact(text).encode("utf-8", "replace"))
        except OSError as error:
            raise MachineError(
                f"the run folder cannot be written: {error.strerror or error}",
                where=str(path),
                remedy="Change logging.root_dir, or make room.",
            ) from error


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _added(before: Exchange | None, sent: Sent, now: dict[str, Any]) -> dict[str, Any]:
    """What a request adds to that of the exchange `before` it; whole ones grow with the square of a run."""
    earlier = sent.request(before.call) if before is not None else {}
    if before is None or before.call is None or not earlier:
        return now
    return since(structured(before.call.api, earlier), f"{before.name}.json", now)


def _index(logged: Logged) -> dict[str, Any]:
    return {
        "turns": [{"turn": turn.turn, "part_start": turn.part_start} for turn in logged.turns],
        "replies": [
            {
                "part": exchange.number,
                "turn": exchange.turn,
                "model_call": exchange.call.call if exchange.call is not None else None,
                "failed_calls": [call.call for call in exchange.failed],
                "results": [part.part for part in exchange.results],
            }
            for exchange in logged.exchanges
        ],
    }


def keep_newest(root: Path, count: int) -> None:
    """Delete all but the newest `count` run folders of `root`; what does not carry our mark is left alone.

    So is the folder of a run that somebody works on, however old it is.

    Raises:
        MachineError: One of them cannot be deleted.
    """
    try:
        ours = sorted(entry for entry in root.iterdir() if (entry / MARK).is_file() and not entry.is_symlink())
        for folder in ours[: max(len(ours) - count, 0)]:
            if not _is_running(folder):
                shutil.rmtree(folder)
    except OSError as error:
        raise MachineError(f"old run folders cannot be deleted: {error}", where=str(root)) from error


def _is_running(folder: Path) -> bool:
    """Whether somebody works on the run that the folder's mark names."""
    try:
        mark = json.loads((folder / MARK).read_bytes())
        return writer_of(RunDir(Path(mark["home"]), mark["trajectory_id"])) is not None
    except (ValueError, KeyError, TypeError, UsageError):
        return False  # an older mark, or somebody wrote into it: it names no run
