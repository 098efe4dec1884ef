"""What OpenAI's two APIs have in common: the official client, pointed at the gateway."""

from __future__ import annotations

from loopwright.runtime.providers._transport import NO_KEY, Wire

__all__ = ["OpenAIProvider"]


class OpenAIProvider:
    """Holds the client; a subclass asks by one of the APIs."""

    def __init__(self, wire: Wire) -> None:
        from openai import AsyncOpenAI

        self._wire = wire
        self._client = AsyncOpenAI(
            api_key=NO_KEY,
            base_url="http://gateway/v1",
            http_client=wire.http,
            max_retries=0,
            default_headers=wire.headers,
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._wire.close()
