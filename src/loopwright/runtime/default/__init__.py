"""The profile of `--agent native` where no other is named: a small agent with native tool calls."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.runtime.config import LoadedConfig

__all__ = ["default_profile"]


@cache
def default_profile() -> LoadedConfig:
    """The shipped profile, loaded."""
    from loopwright.runtime.config import load_config

    with as_file(files(__name__) / "agent.yaml") as path:
        return load_config(path)
