"""The configuration of an agent: one strict YAML file, of which every key has an effect."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.runtime.config.conditions import Condition, Facts, parse
    from loopwright.runtime.config.load import LoadedConfig, Origin, load_config
    from loopwright.runtime.config.schema import AgentConfig

__all__ = ["AgentConfig", "Condition", "Facts", "LoadedConfig", "Origin", "load_config", "parse"]

_WHERE = {"AgentConfig": "schema", "Condition": "conditions", "Facts": "conditions", "parse": "conditions"}


def __getattr__(name: str) -> Any:
    """Import what is asked for; pydantic is not for those who only want `--help`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE.get(name, 'load')}"), name)
