"""The gateway of one run: its backend, its limits, and what has been spent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from loopwright.base import UsageError
from loopwright.gateway._activity import Activity
from loopwright.gateway._call import Answer, Call
from loopwright.gateway._core import BeforeCall, Core, OnNotice, OnText, Served
from loopwright.gateway._ledger import Exhausted, Ledger
from loopwright.gateway.prices import Price, table_date
from loopwright.gateway.refusals import Refusal
from loopwright.gateway.spec import ModelSpec
from loopwright.record import Limits, ModelCalled, Payload, ScriptPosition

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["Backend", "Exhausted", "Gateway", "PayloadStore"]


class PayloadStore(Protocol):
    """Where payloads go: by value, or as a blob where they are large."""

    def payload(self, value: Any) -> Payload:
        """Keep a JSON value."""
        ...


class Backend(Protocol):
    """Whatever answers calls."""

    async def answer(self, call: Call) -> Answer:
        """Answer a call, and fill in what is learned about it on the way."""
        ...

    def restore(self, position: ScriptPosition) -> None:
        """Take over a position from the record."""
        ...

    def refused_at(self, position: ScriptPosition) -> Refusal | None:
        """Why the call with this position in the record got no answer that helps, where that can be told."""
        ...

    def price_of(self, model: str) -> Price | None:
        """The price of a model here, or None where it is not known."""
        ...

    async def count(self, call: Call) -> Answer:
        """Answer how many tokens a messages request has; nothing is charged for it."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class Gateway:
    """Answers the model calls of one run, and accounts for them.

    Args:
        spec: The model.
        on_call: Gets each call as it ends, before the agent can act on the end of its answer; must not block.
        limits: `max_cost` and `max_tokens` are enforced here, before each call.
        blobs: Where requests and answers are kept.
        next_call: The number of the next call.
        spent: US dollars (None where not known) and tokens spent before, for a resumed run.
        workspace: Absolute path of the workspace as the agent sees it, for agents that want absolute paths.
        environ: Where the key is, instead of the process's environment.
        before_call: Awaited when a request has been read, before it is answered, so that what the agent did before is
            on record first. Gets the ids of the tool calls whose results are new in it (of the main conversation).
        on_text: Gets the replies of the main conversation as they stream: `"text"` or `"reasoning"`, and a piece of
            it. Nothing of that is recorded; must not block.
        on_notice: Gets a code and a sentence where a person should know something; must not block.
        others: Other models that a request may name, for agents that switch when a model cannot answer. A request
            with one of these names is answered, priced and recorded by that model; any other name means `spec`.

    Raises:
        UsageError: There is a cost limit, and the price of a model is not known; or the recorded run cannot be
            replayed.

    Attributes:
        limits: May be replaced at any time; holds from the next call on.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        on_call: Callable[[ModelCalled], None],
        limits: Limits,
        blobs: PayloadStore,
        next_call: int = 1,
        spent: tuple[float | None, int] = (0.0, 0),
        workspace: str = "/workspace",
        environ: Mapping[str, str] | None = None,
        before_call: BeforeCall | None = None,
        on_text: OnText | None = None,
        on_notice: OnNotice | None = None,
        others: Mapping[str, ModelSpec] | None = None,
    ) -> None:
        self.spec = spec
        self.limits = limits
        named = {"": spec} | {name: other for name, other in (others or {}).items() if name != spec.name}
        every = {name: Served(each, _backend(each, workspace, environ, on_notice)) for name, each in named.items()}
        for served in every.values():
            if limits.max_cost is not None and served.backend.price_of(served.spec.name) is None:
                raise _unpriced(served.spec)
        self._served, self._others = every.pop(""), every
        self._ledger = Ledger(on_call, blobs, next_call, spent)
        self._activity = Activity()
        self._before_call, self._on_text = before_call, on_text

    @cached_property
    def app(self) -> Starlette:
        """The ASGI application with all endpoints."""
        from loopwright.gateway._app import build_app

        parts = (self._served, self._ledger, lambda: self.limits, self._activity)
        return build_app(Core(*parts, self._before_call, self._on_text, self._others))

    @property
    def in_flight(self) -> int:
        """How many calls are being answered."""
        return self._activity.in_flight

    @property
    def waiting(self) -> bool:
        """Whether a call is waiting for a rate limit or an outage to pass."""
        return self._activity.waiting

    @property
    def waited_seconds(self) -> float:
        """Seconds, of this run, in which all calls under way were waiting; wall time less this is working time."""
        return self._activity.waited_seconds

    @property
    def last_activity(self) -> float:
        """When the last byte came from or went to a model or an agent; on the monotonic clock, in seconds."""
        return self._activity.last_activity

    @property
    def exhausted(self) -> Exhausted | None:
        """Which limit refused a call, if one did; cleared when a later call is allowed."""
        return self._ledger.exhausted

    @property
    def tokens(self) -> int:
        """Tokens spent, of all kinds."""
        return self._ledger.tokens

    @property
    def cost(self) -> float | None:
        """US dollars spent, or None where the cost of some call is not known."""
        return self._ledger.cost

    @property
    def refusal(self) -> Refusal | None:
        """Why the model gave no answer when it was last asked, and of which kind that is.

        None where it answered; an answer to a later call clears it. A request that the provider finds wrong (HTTP 400)
        is no refusal, nor is a limit of the run.
        """
        return self._ledger.refusal

    @property
    def outage(self) -> str | None:
        """The words of `refusal`: the provider's address, what happened, and what to check."""
        return None if self._ledger.refusal is None else self._ledger.refusal.message

    def restore(self, calls: Iterable[ModelCalled]) -> None:
        """Stand where the record ends: take over positions and costs from all calls, in the record's order."""
        calls = list(calls)
        self._ledger.restore(calls, self._price_of)
        self._activity.add_waited(sum(call.waited_ms for call in calls) / 1000)
        for call in calls:
            if call.script is not None:
                self._served_for(call).backend.restore(call.script)
        last = calls[-1] if calls else None
        if last is not None and last.script is not None:
            self._ledger.refusal = self._served_for(last).backend.refused_at(last.script)

    def _served_for(self, call: ModelCalled) -> Served:
        return self._others.get(call.model_asked, self._served)

    def _price_of(self, call: ModelCalled) -> Price | None:
        served = self._served_for(call)
        return served.backend.price_of(call.model_served) or served.backend.price_of(served.spec.name)

    async def close(self) -> None:
        """Close the connections to the providers."""
        for served in (self._served, *self._others.values()):
            await served.backend.close()


def _unpriced(spec: ModelSpec) -> UsageError:
    return UsageError(
        f"the price of {spec.text} is not in the price table of {table_date()}, so a cost limit cannot be kept",
        where="--max-cost",
        remedy="Limit the tokens instead.",
    )


def _backend(spec: ModelSpec, workspace: str, environ: Mapping[str, str] | None, on_notice: OnNotice | None) -> Backend:
    if spec.script is not None:
        from loopwright.gateway.scripted.backend import ScriptedBackend

        return ScriptedBackend(spec.script, workspace)
    if spec.recording is not None:
        from loopwright.gateway.recorded.backend import RecordedBackend

        return RecordedBackend(spec.recording, workspace, on_notice)
    from loopwright.gateway.provider.backend import ProviderBackend

    return ProviderBackend(spec, environ, on_notice=on_notice)
