"""How values are written for people: money, tokens, time spans, models, ids, headlines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from loopwright.record import Limits, short_id

__all__ = [
    "UNKNOWN",
    "agent_name",
    "ago",
    "duration",
    "elide",
    "fork_words",
    "headline",
    "limit_words",
    "model_name",
    "moment",
    "money",
    "plural",
    "reason",
    "short",
    "subline",
    "thousands",
]

UNKNOWN = "—"


def money(dollars: float | None) -> str:
    """US dollars: `$0.00`, `$0.0042`, `$12.30`, or a dash where the cost is not known."""
    if dollars is None:
        return UNKNOWN
    return f"${dollars:.4f}" if 0 < dollars < 0.01 else f"${dollars:,.2f}"


def thousands(count: int) -> str:
    """A count in at most five characters or so: `950`, `12.3k`, `261k`, `1.2M`."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            value = count / size
            return f"{value:.1f}{letter}" if value < 100 else f"{value:.0f}{letter}"
    return str(count)


def duration(seconds: float | None) -> str:
    """A time span: `8s`, `4m 05s`, `2h 03m`, or a dash."""
    if seconds is None:
        return UNKNOWN
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m {rest:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def moment(timestamp: str | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """An ISO 8601 time in UTC, as `form` says; a dash where there is none, the text itself where it is no time."""
    if not timestamp:
        return UNKNOWN
    try:
        return datetime.fromisoformat(timestamp).astimezone(UTC).strftime(form)
    except ValueError:
        return timestamp


def ago(timestamp: str, now: datetime) -> str:
    """How long ago a time was, in at most 7 characters: `5m ago`, `3h ago`, `12d ago`."""
    seconds = max(int((now - datetime.fromisoformat(timestamp)).total_seconds()), 0)
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{letter} ago"
    return f"{seconds}s ago"


def plural(number: int, word: str) -> str:
    """A number and a word: `1 part`, `2 parts`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def short(identifier: str | None, length: int = 8) -> str:
    """The first characters of an id or a commit."""
    return identifier[:length] if identifier else UNKNOWN


def elide(text: str, width: int) -> str:
    """Cut the middle out of a path or a name, so that its beginning and its end stay readable."""
    if len(text) <= width:
        return text
    if width < 5:
        return text[: max(width - 1, 0)] + "…"
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"


def reason(word: str | None) -> str:
    """A reason for the session end in words: `part limit` for `part_limit`."""
    return (word or "not ended").replace("_", " ")


def model_name(model: str, agent_model: str, scripted: bool) -> str:
    """The model as a person would call it; one that is scripted, or an earlier run, always says so."""
    name = agent_model or model.removeprefix("scripted:").rsplit("/", 1)[-1]
    if scripted:
        return f"scripted model {name}".strip()
    return f"recorded model {name}" if model.startswith("recorded:") else name


def agent_name(agent: str) -> str:
    """The name of an agent; of one that a profile describes, that of the file: `native:reviewer`."""
    name, _, file = agent.partition(":")
    return f"{name}:{PurePath(file).stem}" if name == "native" and file else agent


def limit_words(limits: Limits) -> str:
    """The limits that there are: `50 parts, $1.50, 10m 00s`; `none` where there are none."""
    names = {"max_parts": "part", "max_turns": "turn", "max_tokens": "token"}
    counts = {name: getattr(limits, field) for field, name in names.items()}
    words = [plural(count, name) for name, count in counts.items() if count is not None]
    if limits.max_cost is not None:
        words.append(money(limits.max_cost))
    if limits.max_seconds is not None:
        words.append(duration(limits.max_seconds))
    return ", ".join(words) or "none"


def fork_words(options: dict[str, Any]) -> str:
    """What a fork's agent knows of its parent's conversation; empty where that is not recorded."""
    facts = options.get("fork")
    how = facts.get("how") if isinstance(facts, dict) else None
    words = {
        "native": "its agent goes on with the same conversation",
        "memory": "its agent goes on with the same session",
        "recap": "its agent is told the conversation in its first prompt",
        "nothing": "its agent begins anew",
    }
    return f"; {words[how]}" if how in words else ""


def headline(facts: dict[str, Any]) -> str:
    """Agent, model, task and id of a trajectory, in one line."""
    model = model_name(facts["model"], facts["agent_model"], facts["scripted"])
    words = [agent_name(facts["agent"]), model, facts["task"], f"trajectory {short_id(facts['trajectory_id'])}"]
    if facts.get("parent"):
        words.append(f"fork of {short_id(facts['parent'])} at part {facts.get('parent_part')}")
    return "  ·  ".join(words)


def subline(data: dict[str, Any]) -> str:
    """How the trajectory stands, in one line."""
    facts = data["trajectory"]
    solved = data["solved"]
    outcome = f"solved at part {solved['part']}" if solved else reason(facts["reason"])
    numbers = {"part": facts["total_parts"], "turn": facts["total_turns"], "checkpoint": len(data["checkpoints"])}
    counts = [plural(n, word) for word, n in numbers.items()]
    spent = [f"{thousands(facts['tokens'])} tokens", f"cost {_cost(facts['cost'])}", duration(facts["active_seconds"])]
    return "  ·  ".join([outcome, *counts, *spent])


def _cost(dollars: float | None) -> str:
    return "unknown" if dollars is None else money(dollars)
