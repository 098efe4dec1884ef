"""What people can do to a run that goes on: stop it, tell its agent something, change its limits, watch it."""

from __future__ import annotations

import msgspec

from loopwright.base import one_line
from loopwright.gateway import Gateway
from loopwright.record import EndReason, Limits, LimitsChanged, Steered
from loopwright.trajectory.clock import now
from loopwright.trajectory.control import ControlReply, ControlRequest
from loopwright.trajectory.decide import limit_reached
from loopwright.trajectory.deltas import DeltaFeed
from loopwright.trajectory.recorder import Recorder
from loopwright.trajectory.seat import Seat
from loopwright.trajectory.stopping import StopSwitch

__all__ = ["Helm", "merge_limits", "stricter"]


def merge_limits(old: Limits, new: Limits | None) -> Limits:
    """The limits of `new` where it has any, else those of `old`."""
    if new is None:
        return old
    pairs = {name: (getattr(new, name), getattr(old, name)) for name in Limits.__struct_fields__}
    return Limits(**{name: before if now_ is None else now_ for name, (now_, before) in pairs.items()})


def stricter(one: Limits, other: Limits) -> Limits:
    """Limits that keep both."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in Limits.__struct_fields__}
    kept = {name: [value for value in pair if value is not None] for name, pair in pairs.items()}
    return Limits(**{name: min(values) for name, values in kept.items() if values})


class Helm:
    """Obeys requests that come through the control socket, and records them."""

    def __init__(self, stop: StopSwitch, feed: DeltaFeed, recorder: Recorder, gateway: Gateway, seat: Seat) -> None:
        self.feed = feed
        self._stop = stop
        self._recorder = recorder
        self._gateway = gateway
        self._seat = seat

    async def obey(self, request: ControlRequest) -> ControlReply:
        """Do what is asked."""
        match request.do:
            case "stop":
                first = self._stop.press(request.source)
                return ControlReply(True, "stopping" if first else "already stopping")
            case "steer":
                return await self._steer(request)
            case "limit":
                return self._limit(request)
            case _:
                return ControlReply(True, "running")

    async def _steer(self, request: ControlRequest) -> ControlReply:
        text = request.text.strip()
        if not text:
            return ControlReply(False, "there is nothing to tell")
        if self._stop.pressed():
            return ControlReply(False, "the run is being stopped")
        heard, why_not = await self._seat.steer(text)
        state = self._recorder.state
        self._recorder.emit(
            Steered(
                timestamp=now(),
                source=one_line(request.source, 100),
                text=self._recorder.blobs.payload(text),
                delivered="now" if heard else "next_turn",
                turn=state.turns,
                part=state.parts,
            )
        )
        return ControlReply(True, "now" if heard else f"next_turn: {why_not}")

    def _spent(self, limits: Limits) -> EndReason | None:
        """The limit of the gateway that is reached already; it answers no further call then."""
        state = self._recorder.state
        if limits.max_cost is not None and (state.cost or 0.0) >= limits.max_cost:
            return "cost_limit"
        return "token_limit" if limits.max_tokens is not None and state.usage.total >= limits.max_tokens else None

    def _limit(self, request: ControlRequest) -> ControlReply:
        if request.limits is None or request.limits == Limits():
            return ControlReply(False, "no limit was named")
        if request.limits.max_cost is not None and self._gateway.cost is None:
            return ControlReply(False, "the price of this model is not known, so a cost limit cannot be kept")
        limits = merge_limits(self._recorder.state.limits, request.limits)
        self._recorder.emit(LimitsChanged(timestamp=now(), source=one_line(request.source, 100), limits=limits))
        self._gateway.limits = limits
        self._stop.refresh()
        state = self._recorder.state
        if limits.max_parts is not None and state.parts >= limits.max_parts and state.open_turn is not None:
            self._stop.interrupt()
        reached = limit_reached(limits, parts=state.parts, turns=0, seconds=state.seconds) or self._spent(limits)
        return ControlReply(True, f"{reached} reached" if reached else msgspec.json.encode(limits).decode())
