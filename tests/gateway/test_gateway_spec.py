from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.base import MachineError, UsageError
from loopwright.gateway import ModelSpec

KEYS = {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2", "OPENROUTER_API_KEY": "sk-3"}


@pytest.mark.parametrize(
    ("text", "backend", "name", "base"),
    [
        ("openai/gpt-5", "openai", "gpt-5", "https://api.openai.com/v1"),
        ("anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5", "https://api.anthropic.com/v1"),
        ("openrouter/openai/gpt-5", "openrouter", "openai/gpt-5", "https://openrouter.ai/api/v1"),
        ("http://127.0.0.1:8000/v1#qwen", "http", "qwen", "http://127.0.0.1:8000/v1"),
        ("https://models.example/v1/#m", "http", "m", "https://models.example/v1"),
    ],
)
def test_forms(text: str, backend: str, name: str, base: str) -> None:
    spec = ModelSpec.parse(text, environ=KEYS)
    assert (spec.backend, spec.name, spec.base_url, spec.scripted) == (backend, name, base, False)


def test_the_key_is_not_in_the_spec() -> None:
    assert "sk-1" not in repr(ModelSpec.parse("openai/gpt-5", environ=KEYS))


def test_the_base_may_be_set_as_in_the_providers_sdks() -> None:
    environ = KEYS | {"OPENAI_BASE_URL": "http://a/v1/", "ANTHROPIC_BASE_URL": "http://b"}
    assert ModelSpec.parse("openai/x", environ=environ).base_url == "http://a/v1"
    assert ModelSpec.parse("anthropic/x", environ=environ).base_url == "http://b/v1"


@pytest.mark.parametrize("text", ["gpt-5", "opnai/gpt-5", "", "recorded", "openai", "ftp://x/v1"])
def test_an_unknown_scheme_lists_the_known_ones(text: str) -> None:
    with pytest.raises(UsageError, match=r"openai/NAME.*scripted:FILE"):
        ModelSpec.parse(text, environ=KEYS)


def test_an_unknown_scheme_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean openai"):
        ModelSpec.parse("opnai/gpt-5", environ=KEYS)


@pytest.mark.parametrize("text", ["http://host/v1", "http://host/v1#"])
def test_a_url_without_a_model_says_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="Write http://host/v1#NAME"):
        ModelSpec.parse(text, environ={})


@pytest.mark.parametrize("text", ["openai/", "scripted:", "http://", "http://u:p@host/v1#m", "http://host/v1?key=1"])
def test_a_form_with_something_missing_or_secret(text: str) -> None:
    with pytest.raises(UsageError):
        ModelSpec.parse(text, environ=KEYS)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "openrouter"])
def test_a_missing_key_is_named_with_what_to_type(provider: str) -> None:
    with pytest.raises(MachineError) as caught:
        ModelSpec.parse(f"{provider}/m", environ={})
    assert f"{provider.upper()}_API_KEY is not set" in str(caught.value)
    assert "export" in str(caught.value.remedy)


def test_a_missing_script(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml: cannot be read"):
        ModelSpec.parse(f"scripted:{tmp_path}/nowhere.yaml")


def test_a_script_gives_its_name(script: Callable[[str], str]) -> None:
    spec = ModelSpec.parse(script("  - say: hello"))
    assert (spec.name, spec.scripted, spec.backend) == ("demo", True, "scripted")


def test_the_digest_covers_the_files_of_a_script(script: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    text = script("  - calls:\n      - write: {path: a, file: a.txt}")
    before = ModelSpec.parse(text).digest
    assert ModelSpec.parse(text).digest == before
    (tmp_path / "a.txt").write_text("two")
    assert ModelSpec.parse(text).digest != before
