"""`providers` and `provider_tools`: which model is asked, through which API, with which parameters."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from loopwright.runtime.config.schema._section import Section

__all__ = [
    "AnthropicTools",
    "Api",
    "ModelEntry",
    "OpenAITools",
    "Params",
    "ProviderTools",
    "Providers",
    "Routing",
    "StructuredOutputs",
]

Api = Literal["chat", "responses", "messages"]


class StructuredOutputs(Section):
    """Whether the provider must keep to the schemas of the tools."""

    strict: bool = False
    """Send provider-native tools as `strict`, with schemas in the form that the API needs for it (for OpenAI, all
    properties are required, and what may be left out may be null). Tools of MCP servers keep their own schemas."""


class Params(Section):
    """Parameters of sampling. One that is not set is not sent."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sent as `temperature`."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Sent as `top_p`."""
    max_output_tokens: int | None = Field(default=None, ge=1)
    """The most tokens of one reply, under the name that the API has for it."""
    parallel_tools: bool | None = None
    """Whether one reply may have several provider-native tool calls, under the name that the API has for it."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    """How much the model reasons, under the name that the API has for it."""
    stop: tuple[str, ...] = ()
    """Texts at which the reply ends. The responses API has none, so that it refuses them."""
    structured_outputs: StructuredOutputs = StructuredOutputs()
    """Schemas that bind."""


class Routing(Section):
    """What happens when the provider of the model cannot answer."""

    fallback_models: tuple[str, ...] = ()
    """Ids of models to ask next, in order, after the retries. Each switch is recorded and shown, and holds from there
    on. They must be asked by the same API; prompts, tools and dialects stay those of the first model."""


class ModelEntry(Section):
    """One model, or all whose ids match a glob."""

    id: str = Field(min_length=1)
    """The full id, e.g. `openai/gpt-5-nano`, or a glob on it. An exact id wins over globs; of these the first."""
    adapter: Literal["openai_chat", "openai_responses", "anthropic_messages", "openai", "anthropic"]
    """The API. `openai` and `anthropic` leave the choice to `provider_tools.api_variant`."""
    params: Params = Params()
    """Sampling."""
    routing: Routing = Routing()
    """Fallbacks."""
    context_window: int | None = Field(default=None, ge=1024)
    """Tokens that the model can read. A request estimated to be longer is not sent: the turn ends with this reason."""


class Providers(Section):
    """The models that may be asked."""

    default_model: str = Field(min_length=1)
    """The model, unless `--model` names another. A scripted model stands in for it, and is treated as if it were it."""
    models: tuple[ModelEntry, ...] = Field(min_length=1)
    """The models that are known; `default_model` and all fallbacks must be among them."""

    def entry(self, model_id: str) -> ModelEntry | None:
        """The entry for a model: the one with exactly this id, else the first glob that matches it."""
        exact = [entry for entry in self.models if entry.id == model_id]
        return next(iter(exact or [entry for entry in self.models if fnmatchcase(model_id, entry.id)]), None)


class OpenAITools(Section):
    """What only OpenAI's APIs know."""

    include: tuple[str, ...] = ()
    """Sent as `include` to the responses API, beside what `include_reasoning` adds."""
    include_reasoning: bool = True
    """Ask the responses API for encrypted reasoning, and hand reasoning items back with each request, as it requires of
    models that reason. Off: they are left out."""
    store: bool | None = None
    """Sent as `store`: whether the provider keeps the exchange. Not set: the provider's own default."""


class AnthropicTools(Section):
    """What only Anthropic's API knows."""

    max_output_tokens: int = Field(default=8192, ge=1)
    """`max_tokens` of the messages API, which needs one, where the model's `params` set none."""
    thinking_budget: int | None = Field(default=None, ge=1024)
    """Turn extended thinking on, with this many tokens."""
    cache: bool = True
    """Put cache markers after the tools, the system prompt and the newest message. The API takes four markers: where
    `[CACHE]` items would make more, the first ones of these go."""


class ProviderTools(Section):
    """Tool calls by the provider's own means, and what else is particular to one provider."""

    use_native: bool = True
    """Offer tools as schemas of the API. Off: the model writes calls as text, in the dialects of `tools.dialects`."""
    suppress_prompts: bool = True
    """With native tools, put no list of them into the prompts. Off: they are listed there too."""
    api_variant: Literal["chat", "responses", "messages"] | None = None
    """The API of models whose adapter is `openai` (not set: chat) or `anthropic` (not set: messages)."""
    openai: OpenAITools = OpenAITools()
    """OpenAI."""
    anthropic: AnthropicTools = AnthropicTools()
    """Anthropic."""

    def api(self, entry: ModelEntry) -> Api:
        """The API by which a model is asked."""
        return _APIS.get(entry.adapter) or self.api_variant or ("chat" if entry.adapter == "openai" else "messages")


_APIS: dict[str, Api] = {
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic_messages": "messages",
}
