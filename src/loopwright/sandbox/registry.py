"""Which backends there are, and what each can do on this machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from loopwright.base import MachineError, UsageError, nearest
from loopwright.sandbox.protocol import Probe, Sandbox, SandboxSpec

__all__ = ["backends", "open_sandbox", "probe", "require", "strongest"]

GROUP = "loopwright.sandboxes"
_OWN = {"bwrap": "loopwright.sandbox.bwrap:BwrapSandbox", "host": "loopwright.sandbox.host:HostSandbox"}
Factory = Callable[[SandboxSpec], Sandbox]


def backends() -> list[str]:
    """The names of all backends, ours first. A plug-in cannot take the name of one of ours."""
    return [*_OWN, *(name for name in _plugins() if name not in _OWN)]


@functools.cache
def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _factory(backend: str) -> Factory:
    if backend in _OWN:
        module, _, name = _OWN[backend].partition(":")
        return cast("Factory", getattr(import_module(module), name))
    point = _plugins().get(backend)
    if point is None:
        close = nearest(backend, backends())
        advice = f"Did you mean `{close}`?" if close else f"There are: {', '.join(backends())}."
        raise UsageError(f"There is no sandbox backend `{backend}`.", where="--sandbox", remedy=advice)
    return cast("Factory", point.load())


def open_sandbox(backend: str, spec: SandboxSpec) -> Sandbox:
    """Make a sandbox. Starts nothing yet; does not check that the backend works here (see `require`).

    Raises:
        UsageError: There is no such backend.
    """
    return _factory(backend)(spec)


@functools.cache
def probe(backend: str) -> Probe:
    """Find out what a backend can do here, by running a program in it; kept for the life of this process.

    Raises:
        UsageError: There is no such backend.
    """
    from loopwright.sandbox._probing import try_backend

    return try_backend(backend, _factory(backend))


def require(backend: str) -> Probe:
    """The probe of a backend that works.

    Raises:
        UsageError: There is no such backend.
        MachineError: It does not work here; its remedy says what to type.
    """
    found = probe(backend)
    if not found.works:
        raise MachineError(f"The sandbox `{backend}` does not work here: {found.detail}", remedy=found.remedy)
    return found


def strongest() -> str:
    """The most isolating of our own backends that works here. For the demo only: a run never chooses by itself."""
    return "bwrap" if probe("bwrap").works else "host"
