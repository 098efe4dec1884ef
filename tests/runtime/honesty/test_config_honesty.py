"""The YAML is true: each key of the schema changes what is sent, run, allowed or recorded, or is refused.

For each key there is a probe: two files that differ in nothing else. What is seen with the one and with the other must
differ. A key without a probe fails, and so does a probe of a key that does not exist, or that changes other keys.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from tests.runtime.honesty import probes_loop, probes_model, probes_prompts, probes_record, probes_tools
from tests.runtime.honesty.probe import Probe, covers, differing_keys, observe, registry

from loopwright.runtime.config.keys import keys

PROBES: dict[str, Probe] = registry(
    probes_model.PROBES, probes_prompts.PROBES, probes_tools.PROBES, probes_loop.PROBES, probes_record.PROBES
)
LEAVES = [key.path for key in keys() if key.leaf]


def test_every_key_has_a_probe() -> None:
    assert [key for key in LEAVES if key not in PROBES] == []


def test_every_probe_is_of_a_key() -> None:
    assert [key for key in PROBES if key not in LEAVES] == []


def test_what_is_only_seen_in_the_loaded_file_is_known() -> None:
    """These take effect outside of the loop: see tests/cli/test_cli_agent.py."""
    assert [key for key, probe in PROBES.items() if probe.level == "loaded"] == [
        "workspace.root",
        "workspace.sandbox.driver",
        "loop.limits.seconds",
    ]


@pytest.mark.parametrize("key", PROBES)
def test_a_probe_changes_its_key_and_nothing_else(key: str) -> None:
    changed = differing_keys(PROBES[key])
    assert changed
    assert [other for other in changed if not covers(key, other)] == []


def _marked(key: str) -> ParameterSet:
    """Runs take a second, and there are many."""
    return pytest.param(key, marks=[pytest.mark.slow] if PROBES[key].level == "run" else [])


@pytest.mark.parametrize("key", [_marked(key) for key in PROBES])
def test_a_change_is_seen(key: str, tmp_path: Path) -> None:
    probe = PROBES[key]
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    seen = [observe(probe, probe.first, tmp_path / "first"), observe(probe, probe.second, tmp_path / "second")]
    clean = [str(each).replace(str(tmp_path / name), "") for each, name in zip(seen, ("first", "second"), strict=True)]
    assert clean[0] != clean[1]


@pytest.mark.parametrize("key", ["providers.models[].params.temperature", "completion.tool_finish"])
def test_the_same_file_is_seen_alike(key: str, tmp_path: Path) -> None:
    """What a probe looks at does not change by itself; else every probe would pass."""
    probe = PROBES[key]
    seen = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        seen.append(str(observe(probe, probe.first, tmp_path / name)).replace(str(tmp_path / name), ""))
    assert seen[0] == seen[1]
