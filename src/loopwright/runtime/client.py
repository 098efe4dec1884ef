"""The native agent's client: chat completions, through the gateway's unix socket and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from loopwright.record import Usage

if TYPE_CHECKING:
    from openai.types import CompletionUsage

__all__ = ["ModelClient", "ModelError"]

# The gateway holds the key; the SDK insists on one.
_NO_KEY = "held-by-the-gateway"
_REPLY_SECONDS = 1800.0


class ModelError(Exception):
    """The model did not answer; the text says why, for people."""


class ModelClient:
    """Asks for one reply at a time. Retries are the gateway's business, so there are none here."""

    def __init__(self, socket: Path, model: str, conversation_id: str) -> None:
        import httpx2
        from openai import AsyncOpenAI

        # A socket address holds 108 bytes; the folder's descriptor stands for a path of any length.
        self._folder = os.open(socket.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        transport = httpx2.AsyncHTTPTransport(uds=f"/proc/self/fd/{self._folder}/{socket.name}")
        self._http = httpx2.AsyncClient(transport=transport, timeout=_REPLY_SECONDS)
        self._client = AsyncOpenAI(
            api_key=_NO_KEY,
            base_url="http://gateway/v1",
            http_client=self._http,
            max_retries=0,
            default_headers={"x-loopwright-conversation": conversation_id},
        )
        self._model = model

    async def ask(
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]
    ) -> tuple[dict[str, Any], Usage | None]:
        """One reply as an assistant message, and what it used.

        Raises:
            ModelError: The gateway or the provider refused, or the answer had no choice in it.
        """
        from openai import APIError

        try:
            completion = await self._client.chat.completions.create(
                model=self._model, messages=cast("Any", messages), tools=cast("Any", tools)
            )
        except APIError as error:
            raise ModelError(_reason(error)) from error
        except ValueError as error:
            raise ModelError(f"the answer cannot be read: {error}") from error
        return _message(completion), _usage(getattr(completion, "usage", None))

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()
        os.close(self._folder)


def _message(completion: Any) -> dict[str, Any]:
    """The assistant message of an answer; servers are many, so nothing about its shape is taken for granted."""
    choices = getattr(completion, "choices", None)
    message = getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None
    if message is None:
        raise ModelError("the answer is no chat completion; does the model's URL lead to one (often .../v1)?")
    plain: dict[str, Any] = message.model_dump(exclude_none=True, exclude_unset=True)
    for call in plain.get("tool_calls") or []:
        function = call.get("function")
        if not (call.get("id") and isinstance(function, dict) and isinstance(function.get("name"), str)):
            raise ModelError("the model called a tool without a name or an id")
        function["arguments"] = function.get("arguments") or "{}"
    return {**plain, "role": "assistant"}


def _reason(error: Any) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return str(error)


def _usage(usage: CompletionUsage | None) -> Usage | None:
    if usage is None:
        return None
    details, output = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Usage(
        input_tokens=max((usage.prompt_tokens or 0) - cached, 0),
        output_tokens=usage.completion_tokens or 0,
        cache_read_tokens=cached,
        reasoning_tokens=(output.reasoning_tokens if output else None) or 0,
    )
