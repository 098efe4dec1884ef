"""The published schema and the page of all keys are those of the code, and say something about every key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from loopwright.runtime.config.keys import documentation, keys
from loopwright.runtime.config.reference import json_schema, markdown
from loopwright.runtime.config.schema import AgentConfig
from loopwright.runtime.rules import RULES

DOCS = Path(__file__).parents[3] / "docs" / "runtime"
WRITE = "write it again with `loopwright config schema`"


def test_every_key_is_documented_and_nothing_else() -> None:
    assert [key.path for key in keys() if not key.doc] == []
    made = json_schema()
    sections = {"AgentConfig": made, **made["$defs"]}
    assert {name: set(docs) for name, docs in documentation().items()} == {
        name: set(part["properties"]) for name, part in sections.items()
    }


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "config.md").read_text() == markdown(), f"{WRITE} --markdown"


def test_the_published_schema_is_up_to_date() -> None:
    assert json.loads((DOCS / "agent_config.schema.json").read_text()) == json_schema(), WRITE


def test_the_schema_forbids_what_the_loader_refuses() -> None:
    made = json_schema()
    assert made["additionalProperties"] is False
    assert [name for name, part in made["$defs"].items() if part.get("additionalProperties") is not False] == []
    described = [part["properties"] for part in (made, *made["$defs"].values())]
    assert all(each.get("description") for part in described for each in part.values())


def test_a_section_that_holds_itself_is_gone_into_once() -> None:
    paths = [key.path for key in keys()]
    assert len(paths) == len(set(paths))
    assert {"loop.sequence[].if", "loop.sequence[].then[]", "modes[].exit.when", "tools.overlays[].rename.*"} <= set(
        paths
    )


def test_nothing_can_be_changed_afterwards() -> None:
    entry = {"id": "a", "adapter": "openai"}
    config = AgentConfig.model_validate({"version": 2, "providers": {"default_model": "a", "models": (entry,)}})
    with pytest.raises(ValidationError):
        setattr(config, "version", 2)  # noqa: B010  mypy knows that this is wrong; so must pydantic


def test_the_page_names_every_rule() -> None:
    (rules,) = (key.doc for key in keys() if key.path == "enhanced_tools.validation.rules")
    assert [name for name in RULES if f"`{name}`" not in rules] == []
