"""What a script may say. Every key that is not here is refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from loopwright.gateway.scripted.patches import BadPatch, parse_patch
from loopwright.gateway.scripted.schema_parts import (
    EditSpec,
    FaultSpec,
    MatchSpec,
    PriceSpec,
    ShellSpec,
    Strict,
    ToolSpec,
    UsageSpec,
    WriteSpec,
)

__all__ = [
    "CallSpec",
    "DelegateSpec",
    "EditSpec",
    "FaultSpec",
    "MatchSpec",
    "PriceSpec",
    "ReplyList",
    "ReplySpec",
    "Script",
    "ShellSpec",
    "ToolSpec",
    "UsageSpec",
    "WriteSpec",
]


class ReplyList(Strict):
    """Replies that one conversation plays."""

    replies: tuple[ReplySpec, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _ids_fit(self) -> ReplyList:
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


class DelegateSpec(ReplyList):
    """Give `prompt` to a sub-agent, and answer its requests with `replies`, from their beginning.

    A request is the sub-agent's where `prompt` is a paragraph of its own at the beginning of its conversation.
    """

    prompt: str = Field(min_length=8)


class CallSpec(Strict):
    """One tool call; exactly one of the eight.

    Agents may run the calls of one reply at the same time (Codex and OpenCode do): what needs the effect of another
    call belongs into the next reply.
    """

    write: WriteSpec | None = None
    edit: EditSpec | None = None
    patch: str | None = None
    delete: str | None = Field(default=None, min_length=1)
    shell: ShellSpec | None = None
    run_tests: str | None = None
    delegate: DelegateSpec | None = None
    call: ToolSpec | None = None

    @field_validator("shell", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"command": value} if isinstance(value, str) else value

    @field_validator("patch")
    @classmethod
    def _is_a_patch(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parse_patch(value)
            except BadPatch as error:
                raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> CallSpec:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"needs exactly one of {', '.join(type(self).model_fields)}")
        return self


class ReplySpec(Strict):
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
    fault: FaultSpec | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> ReplySpec:
        if not (self.think or self.say or self.calls):
            raise ValueError("an empty reply: needs say, think or calls")
        if "at_most" in self.model_fields_set and self.until is None:
            raise ValueError("at_most is the bound of until, which is missing")
        return self


class Script(ReplyList):
    """A whole script. `pace` is in seconds before each reply."""

    version: Literal[1]
    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/-]+$")
    about: str = ""
    pace: float = Field(default=0.0, ge=0, le=60)
    price: PriceSpec | None = None


for _model in (ReplyList, DelegateSpec, CallSpec, ReplySpec, Script):
    _model.model_rebuild()
