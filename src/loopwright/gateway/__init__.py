"""The model gateway: every model call of a run goes through it, is recorded, priced and limited.

The heavy parts (starlette, uvicorn, httpx, pydantic, yaml) are imported when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.gateway._keys import hold_keys, host_environ
    from loopwright.gateway.gateway import Exhausted, Gateway, PayloadStore
    from loopwright.gateway.prices import Price, price_of
    from loopwright.gateway.refusals import Refusal
    from loopwright.gateway.requests import apply_difference, whole_request
    from loopwright.gateway.serve import serve_unix
    from loopwright.gateway.spec import ModelSpec

__all__ = [
    "Exhausted",
    "Gateway",
    "ModelSpec",
    "PayloadStore",
    "Price",
    "Refusal",
    "apply_difference",
    "hold_keys",
    "host_environ",
    "price_of",
    "serve_unix",
    "whole_request",
]

_HOMES = {
    "Exhausted": "gateway",
    "Gateway": "gateway",
    "ModelSpec": "spec",
    "PayloadStore": "gateway",
    "Price": "prices",
    "Refusal": "refusals",
    "hold_keys": "_keys",
    "host_environ": "_keys",
    "price_of": "prices",
    "serve_unix": "serve",
    "apply_difference": "requests",
    "whole_request": "requests",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
