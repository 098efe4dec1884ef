"""Asking the model: what a request is made of, which limits hold, and which model is asked where one cannot answer."""

from __future__ import annotations

import time
from typing import Literal

from msgspec import structs

from loopwright.agents.protocol import AgentContext, Delta
from loopwright.record import Usage
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.harness import Harness
from loopwright.runtime.providers import GatewayClient, ModelError, Provider, Reply, Request, open_provider

__all__ = ["Asker", "request_of"]

# What another model may be able to answer.
_ELSEWHERE = ("rate_limit", "outage", "model")


def request_of(dialogue: Dialogue) -> Request:
    """The next request of a conversation."""
    harness, mode = dialogue.harness, dialogue.mode
    return Request(
        model=harness.model_name,
        system=harness.system(mode),
        entries=tuple(dialogue.entries),
        tools=harness.native_tools(mode),
        params=harness.params,
    )


class Asker:
    """Asks for one reply at a time. Retries are the gateway's business, so there are none here."""

    def __init__(self, harness: Harness, context: AgentContext, conversation_id: str) -> None:
        self._harness = harness
        self._context = context
        self._provider: Provider = open_provider(harness.api, GatewayClient(context.gateway_socket, conversation_id))
        self._begun = time.monotonic()
        self._fallbacks = list(harness.entry.routing.fallback_models)
        self._instead: str | None = None

    async def ask(self, dialogue: Dialogue) -> tuple[Reply, Usage | None]:
        """One reply, and what it used.

        Raises:
            ModelError: A limit of the profile is reached (`limit`), or nobody answered.
        """
        self._check_limits(dialogue)
        request = request_of(dialogue)
        self._check_window(request)
        while True:
            if self._instead is not None:
                request = structs.replace(request, model=self._instead)
            try:
                reply = await self._provider.ask(request, self._tell)
            except ModelError as error:
                if error.kind not in _ELSEWHERE or not self._fallbacks:
                    raise
                self._instead = self._fallbacks.pop(0)
                self._context.notice(
                    "model_switched", f"{request.model} cannot answer ({error}); from here on {self._instead} is asked"
                )
                continue
            return reply, reply.usage

    async def close(self) -> None:
        """Close the connection."""
        await self._provider.close()

    def _tell(self, kind: Literal["text", "reasoning"], text: str) -> None:
        self._context.activity.heard()
        self._context.on_delta(Delta(kind, text))

    def _check_limits(self, dialogue: Dialogue) -> None:
        limits, book = self._harness.config.loop.limits, dialogue.book
        most = self._context.options.get("max_replies")
        if most is not None and book.replies >= most:
            raise ModelError(f"-m: {most} replies", "limit")
        if limits.turns is not None and book.replies >= limits.turns:
            raise ModelError(f"loop.limits.turns: {limits.turns} replies", "limit")
        if limits.tokens is not None and book.tokens >= limits.tokens:
            raise ModelError(f"loop.limits.tokens: {book.tokens} of {limits.tokens} tokens", "limit")
        if limits.seconds is not None and time.monotonic() - self._begun >= limits.seconds:
            raise ModelError(f"loop.limits.seconds: {limits.seconds:g} seconds", "limit")

    def _check_window(self, request: Request) -> None:
        window = self._harness.entry.context_window
        if window is None:
            return
        from loopwright.runtime.prompts import estimate_tokens

        texts = [chunk.text for chunk in request.system] + [str(structs.asdict(entry)) for entry in request.entries]
        estimate = sum(estimate_tokens(text) for text in texts)
        if estimate > window:
            raise ModelError(f"the conversation has about {estimate} tokens, the model reads {window}", "context")
