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
    """And what does not change is seen alike: else a look at the file itself would pass."""
    probe = PROBES[key]
    seen = {}
    for name, text in (("first", probe.first), ("again", probe.first), ("second", probe.second)):
        (tmp_path / name).mkdir()
        seen[name] = str(observe(probe, text, tmp_path / name)).replace(str(tmp_path / name), "")
    assert seen["first"] == seen["again"]
    assert seen["first"] != seen["second"]
