"""Answers that are not UTF-8: models do produce them, and the SDKs give up on the whole stream."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import AsyncIterator

import httpx2

__all__ = ["Readable"]


class Readable(httpx2.AsyncBaseTransport):
    """A transport whose answers are UTF-8; what is not is replaced by U+FFFD. Compressed ones are left as they are."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and give its answer."""
        response = await self._inner.handle_async_request(request)
        if "content-encoding" not in response.headers and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Replacing(response.stream)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Replacing(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = getincrementaldecoder("utf-8")("replace")
        async for data in self._inner:
            yield decoder.decode(data).encode()
        yield decoder.decode(b"", True).encode()

    async def aclose(self) -> None:
        await self._inner.aclose()
