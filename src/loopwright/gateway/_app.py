"""The endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loopwright.gateway._call import Call
from loopwright.gateway._exchange import ModelEndpoint, NotAccepted, read_object
from loopwright.gateway.wire._openai_error import openai_error
from loopwright.gateway.wire.messages import CountTokensWire
from loopwright.gateway.wire.registry import WIRES

if TYPE_CHECKING:
    from loopwright.gateway._core import Core

__all__ = ["build_app"]

_Endpoint = Callable[[Request], Awaitable[Response]]


def build_app(core: Core) -> Starlette:
    """Everything that an agent may ask; paths are served with and without the leading `/v1`."""
    routes = [Route("/", _alive, methods=["GET", "HEAD"])]
    for prefix in ("/v1", ""):
        for wire in WIRES:
            routes.append(Route(prefix + wire.path, ModelEndpoint(wire, core), methods=["POST"]))
        routes.append(Route(f"{prefix}/messages/count_tokens", _counting(core), methods=["POST"]))
        routes.append(Route(f"{prefix}/models", _models(core.served.spec.name), methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={404: _not_served, 405: _not_served})


async def _alive(_: Request) -> Response:
    return Response(b"", media_type="text/plain")


def _models(name: str) -> _Endpoint:
    """The list of models, in a shape that both OpenAI's and Anthropic's SDKs read."""
    shown = {"id": name, "object": "model", "created": 0, "owned_by": "loopwright"}
    shown |= {"type": "model", "display_name": name, "created_at": "1970-01-01T00:00:00Z"}
    models: list[dict[str, Any]] = [shown] if name else []
    answer = {"object": "list", "data": models, "has_more": False, "first_id": name or None, "last_id": name or None}

    async def listing(_: Request) -> Response:
        return JSONResponse(answer)

    return listing


def _counting(core: Core) -> _Endpoint:
    wire = CountTokensWire()

    async def count(request: Request) -> Response:
        try:
            body, value = await read_object(request)
        except NotAccepted as error:
            return JSONResponse(wire.error(error.status, str(error), "bad_request"), error.status)
        call = Call(wire, value, body, dict(request.headers), request.url.query)
        served = core.served_for(call.model_asked)
        call.model_sent = served.spec.name
        answer = await served.backend.count(call)
        return Response(answer.body, answer.status, answer.headers)

    return count


async def _not_served(request: Request, _: Exception) -> Response:
    message = f"{request.method} {request.url.path} is not served by this gateway."
    return JSONResponse(openai_error(404, message, "not_found"), 404)
