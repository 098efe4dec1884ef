"""Asking the model: what a request is made of, which limits hold, and which model is asked where one cannot answer."""

from __future__ import annotations

import json
from typing import Literal

from loopwright.agents.protocol import AgentContext, Delta
from loopwright.record import Usage
from loopwright.runtime.agent.dialogue import Dialogue
from loopwright.runtime.agent.harness import Harness
from loopwright.runtime.prompts import estimate_tokens
from loopwright.runtime.providers import (
    Entry,
    GatewayClient,
    ModelError,
    Prompt,
    Provider,
    Reply,
    Request,
    Results,
    Said,
    open_provider,
)

__all__ = ["Asker", "request_of"]

# What another model may be able to answer.
_ELSEWHERE = ("rate_limit", "outage", "model")


def request_of(dialogue: Dialogue, instead: str = "") -> Request:
    """The next request of a conversation, to the run's model or to another one `instead`."""
    harness, mode = dialogue.harness, dialogue.mode
    return Request(
        model=instead or harness.model_name,
        system=harness.system(mode),
        entries=tuple(dialogue.entries),
        tools=harness.native_tools(mode),
        params=harness.params(instead),
    )


class Asker:
    """Asks for one reply at a time. Retries are the gateway's business, so there are none here.

    Attributes:
        instead: The fallback model that is asked by now; "" while it is the run's.
    """

    def __init__(self, harness: Harness, context: AgentContext, conversation_id: str) -> None:
        self._harness = harness
        self._context = context
        self._provider: Provider = open_provider(harness.api, GatewayClient(context.gateway_socket, conversation_id))
        self._fallbacks = list(harness.entry.routing.fallback_models)
        self._told: list[int] = []
        self.instead = ""

    async def ask(self, dialogue: Dialogue) -> tuple[Reply, Usage | None]:
        """One reply, and what it used.

        Raises:
            ModelError: A limit of the profile is reached (`limit`), or nobody answered.
        """
        self._check_limits(dialogue)
        while True:
            request = request_of(dialogue, self.instead)
            self._check_window(request)
            try:
                reply = await self._provider.ask(request, self._tell)
            except ModelError as error:
                if error.kind not in _ELSEWHERE or not self._fallbacks:
                    raise
                self.instead = self._fallbacks.pop(0)
                self._context.notice(
                    "model_switched", f"{request.model} cannot answer ({error}); from here on {self.instead} is asked"
                )
                continue
            return reply, reply.usage

    def resume(self, instead: str) -> None:
        """Go on with the model that answered last before a crash; those before it were given up."""
        if instead in self._fallbacks:
            self.instead = instead
            del self._fallbacks[: self._fallbacks.index(instead) + 1]

    async def close(self) -> None:
        """Close the connection."""
        await self._provider.close()

    def _tell(self, kind: Literal["text", "reasoning"], text: str) -> None:
        self._context.activity.heard()
        self._context.on_delta(Delta(kind, text))

    def _check_limits(self, dialogue: Dialogue) -> None:
        """The limits on replies, which nobody else counts; tokens, cost and time are the run's and the gateway's."""
        limits, book = self._harness.config.loop.limits, dialogue.book
        most = self._context.options.get("max_replies")
        if most is not None and book.replies >= most:
            raise ModelError(f"-m: {most} replies", "limit")
        if limits.turns is not None and book.replies >= limits.turns:
            raise ModelError(f"loop.limits.turns: {limits.turns} replies", "limit")

    def _check_window(self, request: Request) -> None:
        window = self._harness.entry_of(self.instead).context_window
        if window is None:
            return
        # Entries are only ever added, so each is counted once.
        self._told += [_tokens(entry) for entry in request.entries[len(self._told) :]]
        around = [chunk.text for chunk in request.system]
        around += [json.dumps([tool.description, tool.json_schema()]) for tool in request.tools]
        estimate = sum(self._told) + sum(estimate_tokens(text) for text in around)
        if estimate > window:
            raise ModelError(f"the conversation has about {estimate} tokens, the model reads {window}", "context")


def _tokens(entry: Entry) -> int:
    """About how many tokens an entry of the conversation is."""
    match entry:
        case Prompt() | Said():
            return estimate_tokens(entry.text)
        case Reply():
            return estimate_tokens(json.dumps(entry.message, ensure_ascii=False))
        case Results():
            return sum(estimate_tokens(answer.text) for answer in entry.answers)
