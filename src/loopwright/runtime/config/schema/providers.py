"""`providers` and `provider_tools`: which model is asked, through which API, with which parameters."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import Section, defaults

__all__ = ["Api", "ModelEntry", "ProviderTools", "Providers"]

Api = Literal["chat", "responses", "messages"]


class StructuredOutputs(Section):
    """Whether the provider must keep to the schemas of the tools."""

    strict: bool = False


class Params(Section):
    """Parameters of sampling. One that is not set is not sent."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_output_tokens: int | None = Field(default=None, ge=1)
    parallel_tools: bool | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    stop: tuple[str, ...] = ()
    structured_outputs: StructuredOutputs = defaults()


class Routing(Section):
    """What happens when the provider of the model cannot answer."""

    fallback_models: tuple[str, ...] = ()


class ModelEntry(Section):
    """One model, or all whose ids match a glob."""

    id: str = Field(min_length=1)
    adapter: Literal["openai_chat", "openai_responses", "anthropic_messages", "openai", "anthropic"]
    params: Params = defaults()
    routing: Routing = defaults()
    context_window: int | None = Field(default=None, ge=1024)


class Providers(Section):
    """The models that may be asked."""

    default_model: str = Field(min_length=1)
    models: tuple[ModelEntry, ...] = Field(min_length=1)

    def entry(self, model_id: str) -> ModelEntry | None:
        """The entry for a model: the one with exactly this id, else the first glob that matches it."""
        exact = [entry for entry in self.models if entry.id == model_id]
        return next(iter(exact or [entry for entry in self.models if fnmatchcase(model_id, entry.id)]), None)


class OpenAITools(Section):
    """What only OpenAI's APIs know."""

    include: tuple[str, ...] = ()
    include_reasoning: bool = True
    store: bool | None = None


class AnthropicTools(Section):
    """What only Anthropic's API knows."""

    max_output_tokens: int = Field(default=8192, ge=1)
    thinking_budget: int | None = Field(default=None, ge=1024)
    cache: bool = True


class ProviderTools(Section):
    """Tool calls by the provider's own means, and what else is particular to one provider."""

    use_native: bool = True
    suppress_prompts: bool = True
    api_variant: Literal["chat", "responses", "messages"] | None = None
    openai: OpenAITools = defaults()
    anthropic: AnthropicTools = defaults()

    def api(self, entry: ModelEntry) -> Api:
        """The API by which a model is asked."""
        return _APIS.get(entry.adapter) or self.api_variant or ("chat" if entry.adapter == "openai" else "messages")


_APIS: dict[str, Api] = {
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic_messages": "messages",
}
