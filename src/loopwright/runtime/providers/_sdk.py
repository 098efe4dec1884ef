"""What asking through an official SDK has in common: a client pointed at the gateway, and errors in our own words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from loopwright.runtime.providers._refusals import fit_to_show, own_words
from loopwright.runtime.providers._transport import NO_KEY, Wire
from loopwright.runtime.providers.types import Api, ModelError, ModelErrorKind, OnText, Reply, Request

__all__ = ["OpenAIProvider", "Provider"]

_BY_STATUS: dict[int, ModelErrorKind] = {
    401: "auth",
    402: "credit",
    403: "auth",
    404: "model",
    408: "outage",
    429: "rate_limit",
}
_CONTEXT = ("context_length", "context length", "context window", "prompt is too long", "maximum context")


class Provider(ABC):
    """One API of model providers, asked through the official SDK's client, which a subclass makes."""

    api: ClassVar[Api]
    base_url: ClassVar[str]

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        options = {"base_url": self.base_url, "http_client": wire.http, "default_headers": wire.headers}
        self._client, self._error = self._sdk({"api_key": NO_KEY, "max_retries": 0, **options})

    @abstractmethod
    def _sdk(self, options: dict[str, Any]) -> tuple[Any, type[Exception]]:
        """The SDK's client, and the class of its errors."""

    @abstractmethod
    async def _ask(self, request: Request, on_text: OnText) -> Reply:
        """As `ask`, with the errors of the SDK."""

    async def ask(self, request: Request, on_text: OnText) -> Reply:
        """Send a request, tell of text as it comes, and return the whole reply.

        Raises:
            ModelError: The gateway or the provider refused, or the answer cannot be read.
        """
        with _sdk_errors(self._error):
            return await self._ask(request, on_text)

    async def close(self) -> None:
        """Close the connection."""
        await self._wire.close()


class OpenAIProvider(Provider):
    """One of OpenAI's two APIs."""

    base_url = "http://gateway/v1"

    def _sdk(self, options: dict[str, Any]) -> tuple[Any, type[Exception]]:
        from openai import AsyncOpenAI, OpenAIError

        return AsyncOpenAI(**options), OpenAIError


@contextmanager
def _sdk_errors(api_error: type[Exception]) -> Iterator[None]:
    """Turn an SDK's errors, and answers that it cannot read, into `ModelError`."""
    import httpx2

    try:
        yield
    except ModelError as error:
        # Of a stream that ends with an error: the words are the provider's there too.
        raise ModelError(fit_to_show(str(error)), error.kind, error.retry_after) from error
    except api_error as error:
        raise _model_error(error) from error
    except httpx2.HTTPError as error:
        # While a stream is read, the SDKs let errors of the connection through as they are.
        raise ModelError(f"the connection broke: {_short(error)}", "outage") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as error:
        # The SDKs read streams without checking them; a broken frame fails somewhere inside of them.
        raise ModelError(f"the answer cannot be read: {_short(error)}", "unreadable") from error


def _short(error: Exception) -> str:
    return fit_to_show(str(error) or type(error).__name__)


def _model_error(error: Any) -> ModelError:
    text = own_words(error)
    status = getattr(error, "status_code", None)
    if status is None:
        return ModelError(fit_to_show(text), "outage")
    return ModelError(fit_to_show(text), _kind(status, text, error), _retry_after(error))


def _kind(status: int, text: str, error: Any) -> ModelErrorKind:
    if any(words in text.lower() for words in _CONTEXT) or getattr(error, "code", None) == "context_length_exceeded":
        return "context"
    if getattr(error, "code", None) == "insufficient_quota":
        return "credit"
    return _BY_STATUS.get(status, "outage" if status >= 500 else "request")


def _retry_after(error: Any) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None
