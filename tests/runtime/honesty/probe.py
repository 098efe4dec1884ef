"""What a probe is: a key, two files that differ in nothing else, and something to look at that must differ too."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from loopwright.base import UsageError
from loopwright.runtime.config import LoadedConfig, load_config

__all__ = ["Observe", "Probe", "covers", "differing_keys", "observe", "registry"]

Level = Literal["refused", "sent", "run"]
"""Where the difference is seen: the loader refuses one of the two; in the bytes of a request; in what a run does,
allows, schedules or records. What is only seen in the loaded file is no effect."""

Observe = Callable[[LoadedConfig, Path], Any]
"""Gets the loaded file and a folder of its own; gives something comparable."""

_BASE = """\
version: 2
providers:
  default_model: openai/small
  models:
    - {id: "openai/*", adapter: openai_chat}
prompts:
  packs: {p: {system: system.md, build: build.md, plan: plan.md}}
  injection: {system_order: ["@pack(p).system"], per_turn_order: [mode_specific]}
modes:
  - {name: build, prompt: "@pack(p).build"}
  - {name: plan, prompt: "@pack(p).plan"}
"""

_FILES = {
    "system.md": "You are the system.",
    "build.md": "Build it.",
    "plan.md": "Plan it.",
    "other.md": "Another text.",
    "template.j2.md": "My own template.",
    "family/pythonic/system_full.j2.md": "A family of my own.",
    "start/begin.txt": "begin\n",
    "tools/extra.yaml": "id: extra\nkind: read\ndescription: Reads more.\nhandler: list_dir\n",
    "base_a.yaml": "version: 2\nprofile: {name: from-a}\n",
    "base_b.yaml": "version: 2\nprofile: {name: from-b}\n",
}


@dataclass(frozen=True)
class Probe:
    """`first` and `second` are YAML that is laid over the base (and over `both`); `see` looks at each."""

    first: str
    second: str
    see: Observe
    level: Level
    both: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def variant(probe: Probe, text: str, folder: Path) -> Path:
    """Write one of the two files with all that it names, and say where it is."""
    for name, content in (_FILES | dict(probe.files)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    data: Any = {}
    for layer in (_BASE, probe.both, text):
        data = _over(data, yaml.safe_load(textwrap.dedent(layer)) or {})
    (folder / "agent.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    return folder / "agent.yaml"


def observe(probe: Probe, text: str, folder: Path) -> Any:
    """What is seen with one of the two files. A refusal is something to see, too."""
    try:
        return probe.see(load_config(variant(probe, text, folder)), folder)
    except UsageError as error:
        if probe.level != "refused":
            raise
        return f"refused: {error.what}"


def differing_keys(probe: Probe) -> set[str]:
    """The keys in which the two files differ, as the schema writes them, but for names that people choose."""
    one, two = (
        _over(yaml.safe_load(textwrap.dedent(probe.both)) or {}, yaml.safe_load(textwrap.dedent(text)) or {})
        for text in (probe.first, probe.second)
    )
    found = dict(_flat(one, "")), dict(_flat(two, ""))
    return {key for key in found[0].keys() | found[1].keys() if found[0].get(key) != found[1].get(key)}


def registry(*groups: Mapping[str, Probe]) -> dict[str, Probe]:
    """All probes in one; a key twice is a mistake."""
    merged: dict[str, Probe] = {}
    for group in groups:
        twice = merged.keys() & group.keys()
        if twice:
            raise ValueError(f"two probes for {sorted(twice)}")
        merged |= group
    return merged


def _over(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: _over(base.get(key), value) for key, value in over.items()}
    return over


def _flat(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{at}.{key}".removeprefix("."))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{at}[{index}]")
    elif at:
        yield at, value


def covers(key: str, written: str) -> bool:
    """Whether a key of the schema, `modes[].name`, is what is written in a file, `modes[0].name`."""
    written = re.sub(r"\[\d+\]", "[]", written)
    if key.endswith("[]") and written.startswith(key.removesuffix("[]")):
        return True
    return re.fullmatch(re.escape(key).replace(r"\*", "[^.]+"), written) is not None
