"""What a script may say. Every key that is not here is refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "CallSpec",
    "EditSpec",
    "MatchSpec",
    "PriceSpec",
    "ReplySpec",
    "Script",
    "ShellSpec",
    "ToolSpec",
    "UsageSpec",
    "WriteSpec",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class MatchSpec(_Strict):
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


class WriteSpec(_Strict):
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


class EditSpec(_Strict):
    """Replace the only place where `old` stands."""

    path: str = Field(min_length=1)
    old: str = Field(min_length=1)
    new: str


class ShellSpec(_Strict):
    """Run a command; `timeout` is in seconds."""

    command: str = Field(min_length=1)
    timeout: float | None = Field(default=None, gt=0)

    @field_validator("timeout", mode="before")
    @classmethod
    def _whole_is_fine(cls, value: Any) -> Any:
        return float(value) if type(value) is int else value


class ToolSpec(_Strict):
    """Call a tool by its own name."""

    name: str = Field(min_length=1)
    arguments: dict[str, Any] = {}


class CallSpec(_Strict):
    """One tool call; exactly one of the five.

    Agents may run the calls of one reply at the same time (Codex and OpenCode do): what needs the effect of another
    call belongs into the next reply.
    """

    write: WriteSpec | None = None
    edit: EditSpec | None = None
    shell: ShellSpec | None = None
    run_tests: str | None = None
    call: ToolSpec | None = None

    @field_validator("shell", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"command": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_kind(self) -> CallSpec:
        if len(self.model_fields_set) != 1:
            raise ValueError("needs exactly one of write, edit, shell, run_tests, call")
        return self


class UsageSpec(_Strict):
    """Tokens that the reply reports. `input` leaves out what was read from the cache; `output` includes reasoning."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    cache_read: int = Field(default=0, ge=0)
    reasoning: int = Field(default=0, ge=0)


class PriceSpec(_Strict):
    """US dollars per million tokens, to try cost limits with."""

    input: float = Field(default=0.0, ge=0)
    output: float = Field(default=0.0, ge=0)
    cache_read: float = Field(default=0.0, ge=0)


class ReplySpec(_Strict):
    """One reply."""

    id: str | None = Field(default=None, min_length=1)
    when: MatchSpec | None = None
    until: MatchSpec | None = None
    at_most: int = Field(default=20, ge=1)
    think: str = ""
    say: str = ""
    calls: tuple[CallSpec, ...] = Field(default=(), strict=False)
    goto: str | None = None
    usage: UsageSpec | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> ReplySpec:
        if not (self.think or self.say or self.calls):
            raise ValueError("an empty reply: needs say, think or calls")
        if "at_most" in self.model_fields_set and self.until is None:
            raise ValueError("at_most is the bound of until, which is missing")
        return self


class Script(_Strict):
    """A whole script. `pace` is in seconds before each reply."""

    version: Literal[1]
    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/-]+$")
    about: str = ""
    pace: float = Field(default=0.0, ge=0, le=60)
    price: PriceSpec | None = None
    replies: tuple[ReplySpec, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _ids_fit(self) -> Script:
        ids = [reply.id for reply in self.replies if reply.id is not None]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two replies have the id {twice!r}")
        lost = next((reply.goto for reply in self.replies if reply.goto is not None and reply.goto not in ids), None)
        if lost is not None:
            raise ValueError(f"goto names the id {lost!r}, which no reply has")
        return self

    def index_of(self, name: str) -> int:
        """The position of the reply with the id `name`."""
        return next(at for at, reply in enumerate(self.replies) if reply.id == name)
