"""Requests without what differs from run to run: ids, times, durations, ports, places of temporary files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

__all__ = ["digest_of", "names_in", "normal_request", "normal_text", "renamed"]

_IGNORED = frozenset(
    {
        *("metadata", "client_metadata", "prompt_cache_key", "prompt_cache_retention", "user", "safety_identifier"),
        *("service_tier", "stream", "stream_options", "store"),
    }
)
_IDS = frozenset({"id", "call_id", "tool_call_id", "tool_use_id", "agent_id", "session_id", "thread_id", "request_id"})
_TIMES = re.compile(r"(_ms|_at|_time|_seconds|duration|elapsed|timestamp)$")

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_DATE = rf"{_MONTH} +\d{{1,2}}|\d{{1,2}} {_MONTH}(?=,? +\d{{4}})"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[AP]M)?"
# In one expression, so that a line is read once. The first alternative that fits at a place is taken.
_CHANGING = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        for name, pattern in (
            ("tmp", r"(?:/private)?(?:/var)?/tmp/[^\s\"'`:;,()<>\]}]+"),
            ("uuid", r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"),
            ("time1", rf"\b\d{{4}}-\d\d-\d\d(?:[T ]{_CLOCK})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"),
            ("time2", rf"\b(?:{_DAY},? )?(?:{_DATE})(?:,? +(?:{_CLOCK}|\d{{4}}|UTC|GMT)(?!\d))*"),
            ("time3", rf"(?<![\d:]){_CLOCK}(?![\d:])(?: (?:Z|UTC|GMT))?"),
            ("time4", r"\b1[6-9]\d{8}(?:\d{3}(?:\d{3})?)?(?:\.\d+)?\b"),
            ("port", r"(?<=localhost:)\d{2,5}|(?<=\d\.\d\.\d\.\d:)\d{2,5}|(?<=::1\]:)\d{2,5}|(?<=0\.0\.1:)\d{2,5}"),
            ("pid", r"(?i:(?<=session id )|(?<=process id )|(?<=session_id\":)|(?<=pid )|(?<=pid=)|(?<=pid: ))\d+"),
            ("duration", r"(?<![\w.])\d+(?:\.\d+)?(?: ?(?:ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?))\b"),
            ("elapsed", r"(?:(?<=_ms\": )|(?<=_ms\":)|(?<=_ms: )|(?<=duration\": )|(?<=duration\":))\d[\d.]*"),
            (
                "id",
                r"\b(?:call|toolu|msg|fco?|ctco?|rs|resp|chatcmpl|ses|prt|req|agent|thread|chunk)[_-]"
                r"(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{6,}",
            ),
            ("address", r"\b0x[0-9a-f]{6,}\b"),
            ("chunk", r"(?<=Chunk ID: )[0-9a-f]+"),
            ("hash", r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}\b"),
            ("version", r"(?<=cc_version=)[\w.]+"),
            # What agents make up: Codex names its sub-agents, Claude Code has a folder for each project.
            ("nickname", r"(?<=\"nickname\":\")[^\"]+"),
            ("run", r"[\w.-]*-trajectories-[\w.-]+-workspace"),
        )
    )
)
_RUN = re.compile(r"[^\s\"'`:;,()<>]*/trajectories/[A-Za-z0-9_][A-Za-z0-9._-]*")
# Most lines are prose, and hold nothing of that.
_PERHAPS = re.compile(r"\d|/tmp/|[/-]trajectories[/-]|Chunk ID: |nickname")
_NAMES = frozenset({"uuid", "id", "pid", "tmp", "hash"})
_LONGEST_KEPT = 1 << 16


def digest_of(request: Any, workspace: str) -> str:
    """The SHA-256 of a request's normal form; `workspace` is its path as the agent saw it."""
    return hashlib.sha256(msgspec.json.encode(normal_request(request, workspace), order="deterministic")).hexdigest()


def normal_request(request: Any, workspace: str) -> Any:
    """A request as any other run with the same content would make it."""
    if not isinstance(request, dict):
        return _normal(request, workspace, 0)
    return {key: _field(key, value, workspace, 0) for key, value in request.items() if key not in _IGNORED}


def _normal(value: Any, workspace: str, depth: int) -> Any:
    if isinstance(value, str):
        return normal_text(value, workspace)
    if depth > 100:
        return "<deep>"
    if isinstance(value, dict):
        # Which parts the provider caches moves with every request.
        return {key: _field(key, item, workspace, depth) for key, item in value.items() if key != "cache_control"}
    if isinstance(value, list):
        return [_normal(item, workspace, depth + 1) for item in value]
    return value


def _field(key: str, value: Any, workspace: str, depth: int) -> Any:
    if key in _IDS and isinstance(value, str | int):
        return "<id>"
    if isinstance(value, int | float) and not isinstance(value, bool) and _TIMES.search(key):
        return "<time>"
    return _normal(value, workspace, depth + 1)


def normal_text(text: str, workspace: str) -> str:
    """A text with a mark for everything that differs from run to run."""
    return _kept(text, workspace) if len(text) <= _LONGEST_KEPT else _marked(text, workspace)


def _marked(text: str, workspace: str) -> str:
    if workspace:
        text = text.replace(workspace, "<workspace>")
    return "\n".join(_line(line) if _PERHAPS.search(line) else line for line in text.split("\n"))


def _line(line: str) -> str:
    if "/trajectories/" in line:
        line = _RUN.sub("<run>", line).replace("<run>/workspace", "<workspace>")
    return _CHANGING.sub(_mark, line)


def _mark(found: re.Match[str]) -> str:
    return f"<{str(found.lastgroup).rstrip('1234')}>"


# A request repeats all of its conversation, so nearly every text has been seen before.
_kept = lru_cache(maxsize=8192)(_marked)


def names_in(value: Any, depth: int = 0) -> Iterator[str]:
    """What a value calls by names that are another run's own: ids, process numbers, temporary files; in their order."""
    if isinstance(value, str):
        for line in value.split("\n"):
            if _PERHAPS.search(line):
                yield from (found.group() for found in _CHANGING.finditer(line) if found.lastgroup in _NAMES)
    elif isinstance(value, dict) and depth < 100:
        for key in sorted(value):
            if key in _IDS and isinstance(value[key], str):
                yield value[key]
            else:
                yield from names_in(value[key], depth + 1)
    elif isinstance(value, list) and depth < 100:
        for item in value:
            yield from names_in(item, depth + 1)


def renamed(value: Any, names: Mapping[str, str], places: Mapping[str, str], depth: int = 0) -> Any:
    """The value with `names` (as `names_in` finds them) and `places` (any piece of text) replaced."""
    if isinstance(value, str):
        for old, new in places.items():
            value = value.replace(old, new)
        return _CHANGING.sub(lambda found: names.get(found.group(), found.group()), value) if names else value
    if isinstance(value, dict) and depth < 100:
        return {key: renamed(item, names, places, depth + 1) for key, item in value.items()}
    if isinstance(value, list) and depth < 100:
        return [renamed(item, names, places, depth + 1) for item in value]
    return value
