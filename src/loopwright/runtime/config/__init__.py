"""The configuration of an agent: one strict YAML file, of which every key has an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.runtime.config.conditions import Condition, Facts, parse
    from loopwright.runtime.config.load import LoadedConfig, Origin, load_config
    from loopwright.runtime.config.schema import AgentConfig
else:
    # pydantic is not for those who only want `--help`.
    __getattr__, __dir__ = lazy_names(
        __name__,
        conditions=("Condition", "Facts", "parse"),
        load=("LoadedConfig", "Origin", "load_config"),
        schema=("AgentConfig",),
    )

__all__ = ["AgentConfig", "Condition", "Facts", "LoadedConfig", "Origin", "load_config", "parse"]
