"""The whole file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import ConfigPath, Section
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
    """Recorded with the run; not set: the name of the file."""
    description: str = ""
    """Recorded with the run."""
    seed: int | None = None
    """Sent as `seed` where the API has one (OpenAI chat); the others refuse it."""


class AgentConfig(Section):
    """One coding agent."""

    version: Literal[2]
    """The version of this format."""
    extends: ConfigPath | tuple[ConfigPath, ...] = ()
    """A file, or files, to start from; later ones win. Mappings are merged, lists and values are replaced; `!append`
    adds to a list, `!unset` takes a key away."""
    profile: Profile = Profile()
    """Name and seed."""
    workspace: Workspace = Workspace()
    """Files and sandbox."""
    providers: Providers
    """Models."""
    prompts: Prompts = Prompts()
    """Texts."""
    tools: Tools = Tools()
    """Tools and their syntax."""
    modes: tuple[Mode, ...] = Field(default=(Mode(name="build"),), min_length=1)
    """Ways of working. Not set: one, called `build`, with all tools."""
    loop: Loop = Loop()
    """What happens when."""
    concurrency: Concurrency = Concurrency()
    """What happens at the same time."""
    completion: Completion = Completion()
    """When it is over."""
    enhanced_tools: EnhancedTools = EnhancedTools()
    """Rules and permissions."""
    provider_tools: ProviderTools = ProviderTools()
    """Native tool calls."""
    logging: Logging = Logging()
    """The run folder."""
    features: dict[str, bool] = Field(default_factory=dict)
    """Switches that conditions read, as `features.NAME`."""
    telemetry: Telemetry = Telemetry()
    """Measurements."""

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
