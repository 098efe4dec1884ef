"""Which headers go on, in each direction. What is not on a list stays here."""

from __future__ import annotations

from collections.abc import Mapping

from loopwright.gateway.wire.neutral import Api

__all__ = ["to_agent", "to_provider"]

# The agent's own identity and everything that belongs to its connection with us.
_KEPT_HERE = frozenset(
    {
        *("authorization", "x-api-key", "api-key", "cookie", "openai-organization", "openai-project"),
        *("proxy-authorization", "proxy-connection", "connection", "keep-alive", "te", "trailer", "upgrade", "via"),
        *("host", "expect", "content-length", "content-encoding", "accept-encoding", "transfer-encoding"),
        *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    }
)
_BACK = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry", "request-id", "x-request-id"})
_BACK_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-", "openai-processing-", "openai-version")


def to_provider(headers: Mapping[str, str], *, backend: str, api: Api, key: str) -> dict[str, str]:
    """The headers for the provider: the agent's, without its identity, with the host's key.

    `accept-encoding: identity` keeps the stream readable on its way through.
    """
    dropped = {name.strip().lower() for name in headers.get("connection", "").split(",")} | _KEPT_HERE
    kept = {
        name: value for name, value in headers.items() if name not in dropped and not name.startswith("x-loopwright-")
    }
    kept["accept-encoding"] = "identity"
    if api == "messages":
        kept.setdefault("anthropic-version", "2023-06-01")
    return kept | (_auth(backend, api, key) if key else {})


def _auth(backend: str, api: Api, key: str) -> dict[str, str]:
    bearer = {"authorization": f"Bearer {key}"}
    if api != "messages" or backend == "openrouter":
        return bearer
    # A URL may be Anthropic's API or a server that imitates it.
    return {"x-api-key": key} | (bearer if backend == "http" else {})


def to_agent(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers for the agent: what its SDK acts on, and nothing about the account."""
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() in _BACK or name.lower().startswith(_BACK_PREFIXES)
    }
