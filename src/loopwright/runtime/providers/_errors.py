"""What an SDK raised, in the words of the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loopwright.runtime.providers.types import ModelError, ModelErrorKind

__all__ = ["sdk_errors"]

_BY_STATUS: dict[int, ModelErrorKind] = {
    401: "auth",
    402: "credit",
    403: "auth",
    404: "model",
    408: "outage",
    429: "rate_limit",
}
_CONTEXT = ("context_length", "context length", "context window", "prompt is too long", "maximum context")


@contextmanager
def sdk_errors(api_error: type[Exception]) -> Iterator[None]:
    """Turn an SDK's errors, and answers that it cannot read, into `ModelError`."""
    import httpx2

    try:
        yield
    except api_error as error:
        raise _model_error(error) from error
    except httpx2.HTTPError as error:
        # While a stream is read, the SDKs let errors of the connection through as they are.
        raise ModelError(f"the connection broke: {str(error) or type(error).__name__}", "outage") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as error:
        # The SDKs read streams without checking them; a broken frame fails somewhere inside of them.
        raise ModelError(f"the answer cannot be read: {str(error) or type(error).__name__}", "unreadable") from error


def _model_error(error: Any) -> ModelError:
    text = _reason(error)
    status = getattr(error, "status_code", None)
    if status is None:
        return ModelError(text, "outage")
    return ModelError(text, _kind(status, text, error), _retry_after(error))


def _kind(status: int, text: str, error: Any) -> ModelErrorKind:
    if any(words in text.lower() for words in _CONTEXT) or getattr(error, "code", None) == "context_length_exceeded":
        return "context"
    if getattr(error, "code", None) == "insufficient_quota":
        return "credit"
    return _BY_STATUS.get(status, "outage" if status >= 500 else "request")


def _reason(error: Any) -> str:
    """The provider's own sentence where there is one: the SDKs print the whole body."""
    body = getattr(error, "body", None)
    for place in (body, body.get("error") if isinstance(body, dict) else None):
        if isinstance(place, dict) and isinstance(place.get("message"), str):
            return str(place["message"])
    return f"{error}: {body[:200]}" if isinstance(body, str) else str(error)


def _retry_after(error: Any) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None
