"""The tables of the pages name all that the code has, and give its defaults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.docs.pages import ROOT, blocks, code_words

from loopwright.gateway.scripted.dialects import DIALECTS
from loopwright.gateway.scripted.schema import (
    CallSpec,
    DelegateSpec,
    EditSpec,
    FaultSpec,
    MatchSpec,
    PriceSpec,
    ReplySpec,
    Script,
    ShellSpec,
    ToolSpec,
    UsageSpec,
    WriteSpec,
)
from loopwright.harness import environment
from loopwright.harness._programs import Completed
from loopwright.harness._taskfile import TaskFile, read_task_file
from loopwright.sandbox._remedies import _PROFILE

TASKS, SCRIPTS, SANDBOX = (ROOT / "docs" / name for name in ("tasks.md", "scripted-models.md", "sandbox.md"))
_KEY = re.compile(r"^(# )?([a-z_]+) = ", re.MULTILINE)


def whole_task_file() -> str:
    """The task.toml that shows every key: the last one of the page."""
    return [block.text for block in blocks(TASKS) if block.language == "toml"][-1]


def sections(text: str) -> dict[str, dict[str, bool]]:
    """Each section's keys, and whether each is commented out."""
    parts = re.split(r"^\[([a-z]+)\]", text, flags=re.MULTILINE)[1:]
    return {
        name: {key: bool(off) for off, key in _KEY.findall(body)}
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def models() -> dict[str, type[BaseModel]]:
    fields = TaskFile.model_fields.items()
    return {name: field.annotation for name, field in fields if isinstance(field.annotation, type)}


def test_every_key_of_a_task_file_is_shown_with_its_default() -> None:
    shown, values = sections(whole_task_file()), tomllib.loads(whole_task_file())
    assert list(shown) == list(models())
    for name, model in models().items():
        assert list(shown[name]) == list(model.model_fields), name
        for key, field in model.model_fields.items():
            if shown[name][key]:
                assert field.default is None, f"{name}.{key} has a default"
            elif not field.is_required():
                assert values[name][key] == field.default, f"{name}.{key}"


def test_the_examples_of_keys_without_a_default_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text(re.sub(r"^# ", "", whole_task_file(), flags=re.MULTILINE))
    read = read_task_file(tmp_path / "task.toml")
    assert read.agent.max_cost == 5.0
    assert read.tests.visible == ["words", "files"]


def test_everything_that_a_task_can_import_is_explained() -> None:
    assert {*environment.__all__} - code_words(TASKS) == set()
    assert {*Completed.__slots__, "stdout_text", "stderr_text", "how_it_ended"} - code_words(TASKS) == set()


@pytest.mark.parametrize(
    "model",
    [
        *(Script, ReplySpec, MatchSpec, CallSpec, WriteSpec, EditSpec, ShellSpec, ToolSpec, UsageSpec, PriceSpec),
        *(DelegateSpec, FaultSpec),
    ],
    ids=lambda model: model.__name__,
)
def test_every_key_of_a_script_is_explained(model: type[BaseModel]) -> None:
    assert set(model.model_fields) - code_words(SCRIPTS) == set()


def test_every_tool_that_a_script_is_turned_into_is_named() -> None:
    shapes = [
        shape
        for dialect in DIALECTS
        for shape in (dialect.write, dialect.edit, dialect.shell, dialect.run_tests, dialect.read_first)
    ]
    assert {shape.tool for shape in shapes if shape is not None} - code_words(SCRIPTS) == set()


def test_the_apparmor_profile_is_the_one_that_doctor_advises() -> None:
    (profile,) = (block.text for block in blocks(SANDBOX) if block.language == "apparmor")
    assert " ".join(profile.split()) in _PROFILE
