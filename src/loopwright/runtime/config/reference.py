"""The format for people and for editors: one page, and a JSON Schema."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from loopwright.runtime.config.keys import Key, documentation, keys
from loopwright.runtime.config.schema import AgentConfig

__all__ = ["json_schema", "markdown"]


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of a configuration file, with descriptions. It knows no `!append` and `!unset`."""
    made = AgentConfig.model_json_schema()
    for name, part in [("AgentConfig", made), *made["$defs"].items()]:
        for key, text in documentation()[name].items():
            part["properties"][key]["description"] = text
    made["title"] = "A loopwright agent configuration, version 2"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def markdown() -> str:
    """The reference of all keys, as a Markdown page."""
    head = files("loopwright.runtime.config") / "schema" / "reference.md"
    lines, section = [head.read_text(encoding="utf-8").rstrip()], ""
    for key in keys():
        top = key.path.split(".")[0].split("[")[0]
        if top != section:
            section = top
            lines += ["", f"## `{top}`", "", *_introduction(top)]
            lines += ["| key | what may stand there | default | effect |", "|---|---|---|---|"]
        lines.append(_row(key))
    return "\n".join(lines) + "\n"


def _row(key: Key) -> str:
    default = "needed" if key.required else "" if not key.leaf else f"`{_shown(key.default)}`"
    return f"| `{key.path}` | {key.kind} | {default} | {key.doc} |".replace("  ", " ")


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel | tuple) and not all(isinstance(item, str) for item in value):
        return "..."
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _introduction(top: str) -> list[str]:
    """The docstring of the section, where the key has one of its own."""
    section = AgentConfig.model_fields[top].annotation
    own = isinstance(section, type) and issubclass(section, BaseModel)
    return [" ".join((section.__doc__ or "").split()), ""] if own else []
