"""The whole file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import ConfigPath, Section, defaults
from loopwright.runtime.config.schema.loop import Completion, Concurrency, Loop, Mode
from loopwright.runtime.config.schema.policy import EnhancedTools
from loopwright.runtime.config.schema.prompts import Prompts
from loopwright.runtime.config.schema.providers import Api, ModelEntry, Providers, ProviderTools
from loopwright.runtime.config.schema.record import Logging, Telemetry
from loopwright.runtime.config.schema.tools import Tools
from loopwright.runtime.config.schema.workspace import Workspace

__all__ = ["AgentConfig", "Profile"]


class Profile(Section):
    """What this agent is called."""

    name: str = ""
    description: str = ""
    seed: int | None = None


class AgentConfig(Section):
    """One coding agent."""

    version: Literal[2]
    extends: ConfigPath | tuple[ConfigPath, ...] = ()
    profile: Profile = defaults()
    workspace: Workspace = defaults()
    providers: Providers
    prompts: Prompts = defaults()
    tools: Tools = defaults()
    modes: tuple[Mode, ...] = Field(default=({"name": "build"},), min_length=1, validate_default=True)
    loop: Loop = defaults()
    concurrency: Concurrency = defaults()
    completion: Completion = defaults()
    enhanced_tools: EnhancedTools = defaults()
    provider_tools: ProviderTools = defaults()
    logging: Logging = defaults()
    features: dict[str, bool] = Field(default_factory=dict)
    telemetry: Telemetry = defaults()

    def mode(self, name: str) -> Mode:
        """The mode of that name.

        Raises:
            KeyError: There is none.
        """
        for mode in self.modes:
            if mode.name == name:
                return mode
        raise KeyError(name)

    def identity(self, model_id: str) -> str:
        """The id by which `by_model` selections know a model: of a scripted or recorded one, the default model's."""
        stands_in = model_id.startswith(("scripted:", "recorded:"))
        return self.providers.default_model if stands_in else model_id

    def entry(self, model_id: str) -> ModelEntry | None:
        """The `providers.models` entry for the model that is asked, or None where it is not listed."""
        return self.providers.entry(self.identity(model_id))

    def api(self, entry: ModelEntry) -> Api:
        """The API by which a model is asked."""
        return self.provider_tools.api(entry)
