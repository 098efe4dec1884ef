"""What would be sent, to the byte: the SDK builds the request, and nothing leaves the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.runtime.providers._transport import Wire
from loopwright.runtime.providers.registry import open_provider
from loopwright.runtime.providers.types import Api, ModelError, Request

if TYPE_CHECKING:
    import httpx2

__all__ = ["request_bytes"]


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
