"""What would be sent, to the byte: the SDK builds the request, and nothing leaves the process.

To import an SDK takes longer than all else that a preview does. What it makes of our bodies is one order of their keys
and one way to write JSON, which is done here without it, for the version of which this was tested.
"""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING, Any

from loopwright.runtime.providers._transport import Wire
from loopwright.runtime.providers.registry import body_of, open_provider
from loopwright.runtime.providers.types import Api, ModelError, Request

if TYPE_CHECKING:
    import httpx2

__all__ = ["request_bytes", "written_bytes"]

# The version of the SDK, and what it writes first and last; between them, keys are in the order of the alphabet.
_SDKS: dict[Api, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "chat": ("openai", "3.52.0", ("model", "stream", "messages"), ()),
    "responses": ("openai", "3.52.0", ("model", "stream"), ()),
    "messages": (
        "anthropic",
        "2.11.0",
        ("max_tokens", "messages", "model", "output_config", "stop_sequences", "system", "tools"),
        ("stream", "temperature", "top_p"),
    ),
}


def written_bytes(api: Api, request: Request) -> bytes | None:
    """The body of a request as `request_bytes` gives it, without the SDK; None where another version is installed.

    Raises:
        ModelError: The API has no such setting.
    """
    package, version, first, last = _SDKS[api]
    if metadata.version(package) != version:
        return None
    body: dict[str, Any] = {**body_of(api, request), "stream": True}
    body |= body.pop("extra_body", {})
    between = sorted(body.keys() - {*first, *last})
    ordered = {name: body[name] for name in (*first, *between, *last) if name in body}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


async def request_bytes(api: Api, request: Request) -> tuple[str, bytes]:
    """The path and the body of a request, exactly as the provider's SDK would send them.

    Raises:
        ModelError: The API has no such setting.
    """
    import httpx2

    sent: list[tuple[str, bytes]] = []

    def keep(outgoing: httpx2.Request) -> httpx2.Response:
        sent.append((outgoing.url.path, outgoing.content))
        return httpx2.Response(418, json={"error": {"message": "nothing is sent in a preview"}})

    provider = open_provider(api, Wire(httpx2.AsyncClient(transport=httpx2.MockTransport(keep)), {}))
    try:
        await provider.ask(request, lambda kind, text: None)
    except ModelError:
        if not sent:
            raise
    finally:
        await provider.close()
    return sent[0]
