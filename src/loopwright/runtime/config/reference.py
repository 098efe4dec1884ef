"""The format for people and for editors: one page, and a JSON Schema. Both are made of the schema's docstrings."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from loopwright.runtime.config import schema
from loopwright.runtime.config.keys import Key, documentation, keys
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.config.schema._section import Section

__all__ = ["json_schema", "markdown"]


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of a configuration file, with descriptions. It knows no `!append` and `!unset`."""
    made = AgentConfig.model_json_schema()
    sections = {model.__name__: model for model in _sections()}
    for name, part in [("AgentConfig", made), *made["$defs"].items()]:
        docs = documentation(sections[name])
        for field, info in sections[name].model_fields.items():
            part["properties"][info.alias or field]["description"] = docs[field]
    made["title"] = "A loopwright agent configuration, version 2"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def markdown() -> str:
    """The reference of all keys, as a Markdown page."""
    lines = [_HEAD.rstrip()]
    section = ""
    for key in keys():
        top = key.path.split(".")[0].split("[")[0]
        if top != section:
            section = top
            lines += [
                "",
                f"## `{top}`",
                "",
                *_introduction(top),
                "| key | what may stand there | default | effect |",
                "|---|---|---|---|",
            ]
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
    """The docstring of the section, where it says more than its first line."""
    field = AgentConfig.model_fields[top]
    models = [model for model in _sections() if model is field.annotation]
    texts = [" ".join((model.__doc__ or "").split()) for model in models]
    return [line for text in texts for line in (text, "")]


def _sections() -> list[type[Section]]:
    found: list[type[Section]] = [AgentConfig, schema.Profile]
    for module in (
        schema.workspace,
        schema.providers,
        schema.prompts,
        schema.tools,
        schema.loop,
        schema.policy,
        schema.record,
    ):
        found += [
            item
            for item in vars(module).values()
            if isinstance(item, type) and issubclass(item, Section) and item is not Section
        ]
    return found


_HEAD = """\
# Agent configuration: every key

This page is generated from the schema (`loopwright config schema --markdown`). A configuration is one YAML file, and
all that it says is true: a key that is not here is an error, and each key has a test that changes it and sees the
effect.

- `*` in a path is a name that you choose, `[]` an item of a list.
- Paths are relative to the file in which they are written.
- `extends: FILE` starts from another file: mappings are merged, lists and values replaced. `!append [...]` adds to the
  inherited list; `KEY: !unset` takes the inherited key away.
- `loopwright config check FILE` says what is wrong; `config explain FILE` shows each value and the line that says so.
- A condition (`if`, `while`, `exit.when`) compares `replies`, `replies_in_mode`, `files_changed`, `tests_passed`,
  `tests_total`, `tokens`, `errors` (numbers) and `mode` (a text), and asks `features.NAME`, `called("TOOL")` and
  `said("TEXT")`; with `and`, `or`, `not` and parentheses. What is not known yet (tests that were never run) compares
  as false.
- In the names of keys that come from other tools, a "turn" is one reply of the model (`max_turns`, `plan_turn_limit`,
  `limits.turns`, `max_per_turn`).
"""
