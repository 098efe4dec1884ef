"""Asking a provider: with the host's key, again where that may help, and never with a word of the key to the agent."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from functools import cached_property

import anyio
import httpx2
import msgspec
from msgspec import Struct

from loopwright.gateway._call import Answer, Call
from loopwright.gateway._core import OnNotice
from loopwright.gateway._keys import host_environ
from loopwright.gateway.prices import Price, price_of
from loopwright.gateway.provider.final import asks_again, give_up
from loopwright.gateway.provider.headers import to_agent, to_provider
from loopwright.gateway.provider.outage import refused, unreachable
from loopwright.gateway.provider.relay import learn, relay
from loopwright.gateway.provider.request import outgoing_body, wants_usage_added
from loopwright.gateway.provider.retry import MOST_RETRIES, MOST_RETRIES_OF_A_KNOWN_ONE, is_passing, wait_before
from loopwright.gateway.spec import ModelSpec
from loopwright.record import ScriptPosition

__all__ = ["ProviderBackend"]

# A model may think for minutes before its first byte.
_TIMEOUT = httpx2.Timeout(connect=10.0, read=600.0, write=60.0, pool=None)
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=60.0)
_MOST_BYTES = 64 << 20
_API_NAMES = {
    "chat": "OpenAI's chat completions API",
    "responses": "OpenAI's responses API",
    "messages": "Anthropic's messages API",
}


class _Got(Struct):
    """What came back: a whole body, or a stream with its first chunk."""

    response: httpx2.Response
    body: bytes
    chunks: AsyncIterator[bytes] | None = None


class ProviderBackend:
    """One provider with one key.

    Args:
        spec: Where to send requests, and under which model name.
        environ: Where the key is; the process's environment by default.
        timeout: Seconds for connecting, sending and waiting for the next byte.
        chance: Where the jitter of waits comes from.
        on_notice: Hears, once an outage, that the provider is asked again.
    """

    def __init__(
        self,
        spec: ModelSpec,
        environ: Mapping[str, str] | None = None,
        timeout: httpx2.Timeout = _TIMEOUT,
        chance: random.Random | None = None,
        on_notice: OnNotice | None = None,
    ) -> None:
        self._spec = spec
        self._key = (host_environ() if environ is None else environ).get(spec.key_variable, "")
        self._timeout = timeout
        self._chance = chance or random.Random()
        self._on_notice = on_notice
        self._known = self._told = False

    def restore(self, position: ScriptPosition) -> None:
        """A provider keeps no position."""

    def refused_at(self, position: ScriptPosition) -> None:
        """Nothing is known of it any more."""

    def price_of(self, model: str) -> Price | None:
        """From the dated table."""
        return price_of(self._spec.backend, model)

    async def close(self) -> None:
        """Close all connections."""
        if "_client" in self.__dict__:
            await self._client.aclose()

    async def answer(self, call: Call) -> Answer:
        """Pass the request on, and the answer back."""
        if call.wire.api not in self._spec.apis:
            message = f"{self._spec.backend} does not speak {_API_NAMES[call.wire.api]}, which this agent needs."
            return call.refusal(400, message, "api_not_served")
        try:
            got = await self._ask(call)
        except httpx2.TransportError as error:
            reason = self._reason(error)
            status = call.wire.final_status if asks_again(call) else 502
            return call.refusal(status, f"The provider could not be reached: {reason}", "provider_unreachable")
        headers = {name: self._scrub(value.encode()).decode() for name, value in to_agent(got.response.headers).items()}
        if got.chunks is None:
            return self._whole(call, got, headers)
        events = relay(call, got.response, got.chunks, got.body, drop_usage=wants_usage_added(call), scrub=self._scrub)
        return Answer(got.response.status_code, headers, events=self._watched(call, events))

    async def _watched(self, call: Call, events: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
        """Note an outage where the stream broke."""
        async with aclosing(events):
            async for chunk in events:
                yield chunk
        if call.in_doubt:
            call.refused = unreachable(self._spec, call.error)

    async def count(self, call: Call) -> Answer:
        """The provider's own count, or its own refusal."""
        return await self.answer(call)

    def _whole(self, call: Call, got: _Got, headers: dict[str, str]) -> Answer:
        body = self._scrub(got.body)
        try:
            value = msgspec.json.decode(body)
        except msgspec.DecodeError:
            value = body.decode("utf-8", "replace")
        call.in_doubt = False
        watcher = call.wire.watcher()
        watcher.whole(value)
        learn(call, watcher)
        call.response = value
        if got.response.status_code >= 400:
            call.error = call.error or f"The provider answered {got.response.status_code}."
            last = give_up(call, got.response.status_code, got.response.headers, value)
            if last is not None:
                return last
        else:
            call.saw_token()
        return Answer(got.response.status_code, headers, body)

    async def _ask(self, call: Call) -> _Got:
        """Send until there is an answer that no retry would better. Nothing has gone to the agent by then.

        Raises:
            httpx2.TransportError: The last attempt got no answer.
        """
        body = outgoing_body(call, self._spec.name)
        while True:
            try:
                got = await self._send(call, body)
                wait = self._wait_after(call, got)
                if wait is None:
                    self._note(call, got.response.status_code)
                    return got
            except httpx2.TransportError as error:
                call.refused = unreachable(self._spec, self._reason(error))
                call.in_doubt = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
                if call.retries >= self._most_retries:
                    raise
                wait = wait_before(call.retries + 1, {}, self._chance) or 0.0
            call.retries += 1
            self._tell(call)
            await call.wait(wait)

    @property
    def _most_retries(self) -> int:
        return MOST_RETRIES_OF_A_KNOWN_ONE if self._known else MOST_RETRIES

    def _note(self, call: Call, status: int) -> None:
        """Remember that the provider answers, and that an outage is over where it did so at once."""
        if status < 300:
            self._known = True
            self._told = self._told and call.retries > 0

    def _tell(self, call: Call) -> None:
        """Say, as soon as it is known, that somebody has to wait."""
        if self._on_notice is not None and call.refused is not None and not self._told:
            self._told = True
            again = f"It is asked again, up to {self._most_retries} times."
            self._on_notice("provider_waits", f"{call.refused.what} {again}")

    def _wait_after(self, call: Call, got: _Got) -> float | None:
        """Seconds before the next attempt, or None where this answer is the one to give."""
        if call.retries >= self._most_retries or not is_passing(got.response.status_code, got.body):
            return None
        return wait_before(call.retries + 1, got.response.headers, self._chance)

    async def _send(self, call: Call, body: bytes) -> _Got:
        headers = to_provider(call.headers, backend=self._spec.backend, api=call.wire.api, key=self._key)
        url = self._spec.base_url + call.wire.path + (f"?{call.query}" if call.query else "")
        request = self._client.build_request("POST", url, content=body, headers=headers)
        call.in_doubt = True
        response = await self._client.send(request, stream=True)
        call.in_doubt = response.status_code < 400
        call.refused = None
        try:
            chunks = response.aiter_bytes()
            streams = response.headers.get("content-type", "").startswith("text/event-stream")
            if response.status_code == 200 and streams:
                return _Got(response, await anext(chunks, b""), chunks)
            body = await _read(chunks)
            call.refused = refused(self._spec, response.status_code, self._scrub(body), self._key)
            return _Got(response, body)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await response.aclose()
            raise

    def _reason(self, error: httpx2.TransportError) -> str:
        return self._scrub(str(error).encode()).decode() or type(error).__name__

    def _scrub(self, data: bytes) -> bytes:
        return data.replace(self._key.encode(), b"[key]") if self._key else data

    @cached_property
    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=self._timeout, limits=_LIMITS, follow_redirects=False)


async def _read(chunks: AsyncIterator[bytes]) -> bytes:
    """The whole body.

    Raises:
        httpx2.ReadError: It is over 64 MiB.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > _MOST_BYTES:
            raise httpx2.ReadError(f"the answer is over {_MOST_BYTES >> 20} MiB")
    return bytes(body)
