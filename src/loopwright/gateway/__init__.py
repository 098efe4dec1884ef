"""The model gateway: every model call of a run goes through it, is recorded, priced and limited.

The heavy parts (starlette, uvicorn, httpx, pydantic, yaml) are imported when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.base import lazy_names

if TYPE_CHECKING:
    from loopwright.gateway._keys import hold_keys, host_environ
    from loopwright.gateway.gateway import Exhausted, Gateway, PayloadStore
    from loopwright.gateway.prices import Price, price_of
    from loopwright.gateway.refusals import Refusal
    from loopwright.gateway.requests import apply_difference, whole_request
    from loopwright.gateway.serve import serve_unix
    from loopwright.gateway.spec import ModelSpec
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        _keys=("hold_keys", "host_environ"),
        gateway=("Exhausted", "Gateway", "PayloadStore"),
        prices=("Price", "price_of"),
        refusals=("Refusal",),
        requests=("apply_difference", "whole_request"),
        serve=("serve_unix",),
        spec=("ModelSpec",),
    )

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
