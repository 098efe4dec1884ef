"""How a benchmark hands its figures to `run.py`: one line of JSON each, between its text for people."""

from __future__ import annotations

import os

import msgspec
from msgspec import Struct

__all__ = ["SWITCH", "Figure", "exit_code", "parse", "report"]

SWITCH = "LOOPWRIGHT_BENCH_JSON"
"""The environment variable that turns the lines on."""

_MARK = "@bench "
_missed: list[str] = []


class Figure(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One measured figure, and what it is compared with; `None` is "not measured", and `note` says why.

    Figures of one name after each other are one figure with several peers. `bar` is the promise: the most that
    `value` may be, or the least where `more_is_better`. All three numbers are in `unit`.
    """

    name: str
    unit: str
    value: float | None
    peer: str = ""
    peer_value: float | None = None
    bar: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is no bar or nothing was measured."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar if self.more_is_better else self.value <= self.bar


def report(
    *,
    name: str,
    unit: str,
    value: float | None,
    peer: str = "",
    peer_value: float | None = None,
    bar: float | None = None,
    more_is_better: bool = False,
    note: str = "",
) -> None:
    """Hand over one figure (see `Figure`); prints nothing unless `SWITCH` is set."""
    figure = Figure(
        name=name,
        unit=unit,
        value=value,
        peer=peer,
        peer_value=peer_value,
        bar=bar,
        more_is_better=more_is_better,
        note=note,
    )
    if figure.met is False:
        _missed.append(name)
    if os.environ.get(SWITCH):
        print(_MARK + msgspec.json.encode(figure).decode(), flush=True)


def parse(line: str) -> Figure | None:
    """Read one line of a benchmark's output; None where it is text for people.

    Raises:
        msgspec.DecodeError: The line is marked as a figure, but is none.
    """
    if not line.startswith(_MARK):
        return None
    return msgspec.json.decode(line.removeprefix(_MARK), type=Figure)


def exit_code() -> int:
    """What a benchmark exits with: 1 where a bar was missed; 0 under `run.py`, which has a table to say so."""
    return 1 if _missed and not os.environ.get(SWITCH) else 0
