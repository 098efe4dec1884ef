"""How the SDKs reach the gateway: through its unix socket and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

__all__ = ["NO_KEY", "GatewayClient", "Wire"]

# The gateway holds the key; the SDKs insist on one.
NO_KEY = "held-by-the-gateway"
_REPLY_SECONDS = 1800.0


class Wire:
    """A connection that an SDK's client can be built on. `http` is an `httpx2.AsyncClient`."""

    def __init__(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        self.http = http
        self.headers = headers

    async def close(self) -> None:
        """Close the connection."""
        await self.http.aclose()


class GatewayClient(Wire):
    """The gateway of a run.

    Args:
        socket: Its unix socket.
        conversation: Sent with each request, so that the gateway can tell conversations apart.
    """

    def __init__(self, socket: Path, conversation: str) -> None:
        import ssl

        import httpx2

        from loopwright.runtime.providers._readable import Readable

        # A socket address holds 108 bytes; the folder's descriptor stands for a path of any length.
        self._folder = os.open(socket.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # No TLS is spoken there; to read the machine's certificates would take longer than the rest of this.
        trusts_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        transport = httpx2.AsyncHTTPTransport(verify=trusts_nobody, uds=f"/proc/self/fd/{self._folder}/{socket.name}")
        http = httpx2.AsyncClient(transport=Readable(transport), timeout=_REPLY_SECONDS)
        super().__init__(http, {"x-loopwright-conversation": conversation})

    async def close(self) -> None:
        """Close the connection."""
        await super().close()
        os.close(self._folder)
