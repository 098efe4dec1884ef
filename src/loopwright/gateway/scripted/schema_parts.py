"""The pieces of a script that hold no other replies. Every key that is not here is refused."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "EditSpec",
    "FaultSpec",
    "MatchSpec",
    "PriceSpec",
    "ShellSpec",
    "Strict",
    "ToolSpec",
    "UsageSpec",
    "WriteSpec",
]


class Strict(BaseModel):
    """The base of everything in a script."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class MatchSpec(Strict):
    """Conditions on the newest input (tool results and user text); all that are given must hold."""

    contains: str | None = None
    matches: str | None = None
    lacks: str | None = None

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        import re

        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _says_something(self) -> MatchSpec:
        if self.contains is None and self.matches is None and self.lacks is None:
            raise ValueError("needs one of contains, matches, lacks")
        return self


class WriteSpec(Strict):
    """Write a whole file: `text`, or the content of `file` (relative to the script; read when the script is loaded).

    Claude Code refuses to overwrite a file that it has not read: `edit` such a file, or `call` its `Read` before.
    """

    path: str = Field(min_length=1)
    text: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> WriteSpec:
        if (self.text is None) == (self.file is None):
            raise ValueError("needs exactly one of text and file")
        return self


class EditSpec(Strict):
    """Replace the only place where `old` stands."""

    path: str = Field(min_length=1)
    old: str = Field(min_length=1)
    new: str


class ShellSpec(Strict):
    """Run a command; `timeout` is in seconds."""

    command: str = Field(min_length=1)
    timeout: float | None = Field(default=None, gt=0)

    @field_validator("timeout", mode="before")
    @classmethod
    def _whole_is_fine(cls, value: Any) -> Any:
        return float(value) if type(value) is int else value


class ToolSpec(Strict):
    """Call a tool by its own name; `force` calls it even where it is not offered, to see what the agent does."""

    name: str = Field(min_length=1)
    arguments: dict[str, Any] = {}
    force: bool = False


class UsageSpec(Strict):
    """Tokens that the reply reports. `input` leaves out what was read from the cache; `output` includes reasoning."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    cache_read: int = Field(default=0, ge=0)
    reasoning: int = Field(default=0, ge=0)


class PriceSpec(Strict):
    """US dollars per million tokens, to try cost limits with."""

    input: float = Field(default=0.0, ge=0)
    output: float = Field(default=0.0, ge=0)
    cache_read: float = Field(default=0.0, ge=0)


_KINDS = ("status", "cut_after", "hang", "hang_after", "malformed", "overflow")


class FaultSpec(Strict):
    """A failure of the model, to test what an agent makes of it. It comes before the reply, `times` times.

    Attributes:
        status: Answer with this HTTP status (400 to 599) and an error in the API's own shape.
        message, code: What that error says; the API's usual words otherwise.
        retry_after: Seconds, in the header of that name.
        cut_after: Send so many events of the stream, then break the connection.
        hang: Send nothing, and never end.
        hang_after: Send so many events of the stream, then nothing, and never end.
        malformed: Send a frame that is no JSON, and end.
        overflow: Answer with the API's own error for a conversation that does not fit into the model.
        delay: Seconds before the first byte; alone, the reply itself is late, and nothing fails.
        times: How many attempts fail (or are late) before the reply is served.
    """

    status: int | None = Field(default=None, ge=400, le=599)
    message: str | None = None
    code: str | None = None
    retry_after: float | None = Field(default=None, ge=0)
    cut_after: int | None = Field(default=None, ge=0)
    hang: bool = False
    hang_after: int | None = Field(default=None, ge=0)
    malformed: bool = False
    overflow: bool = False
    delay: float = Field(default=0.0, ge=0, le=3600)
    times: int = Field(default=1, ge=1)

    @field_validator("delay", "retry_after", mode="before")
    @classmethod
    def _whole_is_fine(cls, value: Any) -> Any:
        return float(value) if type(value) is int else value

    @property
    def kind(self) -> str:
        """Which of the failures it is; empty for one that is only late."""
        return next(iter(self._chosen()), "")

    def _chosen(self) -> list[str]:
        values = ((name, getattr(self, name)) for name in _KINDS)
        return [name for name, value in values if value is not None and value is not False]

    @model_validator(mode="after")
    def _one_kind(self) -> FaultSpec:
        chosen = self._chosen()
        if len(chosen) > 1 or not (chosen or self.delay):
            raise ValueError(f"needs exactly one of {', '.join(_KINDS)}; or only delay")
        if self.status is None and self.model_fields_set & {"message", "code", "retry_after"}:
            raise ValueError("message, code and retry_after belong to status")
        return self
