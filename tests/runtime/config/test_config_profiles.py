"""The shipped profiles: what each would send first, in every mode, and that the first request is ready in time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.golden.runtime.config.record import FOLDER, PROFILES, first_requests

AGAIN = "if this is meant: python -m tests.golden.runtime.config.record"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.stem)
def test_the_first_request_is_the_golden_one(profile: Path) -> None:
    for name, text in first_requests(profile).items():
        assert text == (FOLDER / name).read_text(), AGAIN


def test_every_golden_file_belongs_to_a_mode() -> None:
    names = {name for profile in PROFILES for name in first_requests(profile)}
    assert {path.name for path in FOLDER.glob("*.json")} == names


def test_no_prompt_is_empty_and_all_end_in_one_newline() -> None:
    texts = [path.read_text() for path in (PROFILES[0].parent / "prompts").rglob("*.md")]
    assert len(texts) > 10
    assert all(text.strip() and text.endswith("\n") and not text.endswith("\n\n") for text in texts)


def test_diff_guidance_is_in_the_system_prompt_only() -> None:
    """What seed 003 asks to verify of this profile."""
    (text,) = first_requests(next(path for path in PROFILES if "c_fs" in path.stem)).values()
    body = json.loads(text)["body"]
    system, prompt = (message["content"] for message in body["messages"])
    assert "--- /dev/null" in system
    assert "diff" not in prompt
    assert "`read_file(path: string" in prompt
    assert "tools" not in body


def test_load_compile_and_first_request_are_quick() -> None:
    profile = PROFILES[-1]
    first_requests(profile)  # what is imported once does not count
    took = []
    for _ in range(5):
        begun = time.process_time()
        first_requests(profile)
        took.append(time.process_time() - begun)
    assert min(took) < 0.15
