"""Which providers there are, where they are, which key they take, and which APIs they speak."""

from __future__ import annotations

from msgspec import Struct

from loopwright.gateway.wire.neutral import Api

__all__ = ["OWN_KEY", "PROVIDERS", "Provider"]

# Holds the key for a model that is named by its URL.
OWN_KEY = "LOOPWRIGHT_API_KEY"


class Provider(Struct, frozen=True):
    """One hosted provider. `base` ends in `/v1`; `base_variable` may replace it, as in the provider's own SDK."""

    name: str
    base: str
    key_variable: str
    base_variable: str
    apis: tuple[Api, ...]
    version_path: str = ""


# Anthropic's SDK takes a base without /v1, OpenAI's and OpenRouter's take one with it.
PROVIDERS = {
    "openai": Provider(
        "openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL", ("chat", "responses")
    ),
    "anthropic": Provider(
        "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", ("chat", "messages"), "/v1"
    ),
    "openrouter": Provider(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        "OPENROUTER_BASE_URL",
        ("chat", "responses", "messages"),
    ),
}
