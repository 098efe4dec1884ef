"""The format of a configuration, version 2: one class a mapping, one documented field a key."""

from loopwright.runtime.config.schema import loop, policy, prompts, providers, record, tools, workspace
from loopwright.runtime.config.schema.agent import AgentConfig, Profile

__all__ = ["AgentConfig", "Profile", "loop", "policy", "prompts", "providers", "record", "tools", "workspace"]
