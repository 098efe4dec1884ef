"""Choosing the grammar of a turn from the configuration, and saying which key decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from loopwright.base import UsageError
from loopwright.runtime.dialects.dialect import ParseOptions
from loopwright.runtime.dialects.grammar import NATIVE, Grammar, Role, role_of
from loopwright.runtime.dialects.registry import get_dialect
from loopwright.runtime.tools.spec import ToolSpec

if TYPE_CHECKING:
    from loopwright.runtime.config.schema.tools import ByToolKind, Dialects

__all__ = ["TEXT_DEFAULT", "choose_grammar"]

TEXT_DEFAULT = "pythonic"
"""What serves a tool that no list says anything about, where the provider's own calls are off."""

_KEY = "tools.dialects"
_T = TypeVar("_T")


def choose_grammar(
    dialects: Dialects, model_id: str, mode: str, tools: Sequence[ToolSpec], *, use_native: bool = True
) -> Grammar:
    """Choose the dialects of a turn.

    The overlays of tools come first. Then, of `by_mode`, `by_tool_kind`, `by_model` (the first glob that matches the
    full id) and `default`, the first list with a dialect that can express the tool decides; then the older `selection`;
    then the provider's own calls, or `pythonic` where these are off.

    Args:
        dialects: `tools.dialects` of the configuration.
        model_id: The full id of the model.
        mode: The name of the mode.
        tools: All tools of the run, with overlays applied, whatever the mode allows.
        use_native: `provider_tools.use_native`; `native` of the model's preference wins.

    Raises:
        UsageError: A dialect does not exist, or an overlay prescribes one that cannot call its tool.
    """
    preference = _first_match(dialects.preference.by_model, model_id)
    native = use_native if preference is None or preference[1].native is None else preference[1].native
    orders = list(_orders(dialects, model_id, mode))
    chosen = {role: _choose(role, orders, native=native) for role in ("edit", "shell", "other")}
    overlaid = {tool.id: _checked(tool) for tool in tools if tool.dialect}
    why = {role: reason for role, (_, reason) in chosen.items()}
    why |= {tool_id: f"tools.overlays: syntax_style.{tool_id}" for tool_id in overlaid}
    names = {role: name for role, (name, _) in chosen.items()}
    return Grammar(names["edit"], names["shell"], names["other"], overlaid, why, _options(dialects, tools))


def _orders(dialects: Dialects, model_id: str, mode: str) -> Iterator[tuple[str, Mapping[Role, Sequence[str]]]]:
    """The lists that hold here, the strongest first: the key of the config, and the list for each role."""
    preference, selection = dialects.preference, dialects.selection
    if mode in preference.by_mode:
        yield f"{_KEY}.preference.by_mode.{mode}", _for_all(preference.by_mode[mode])
    yield f"{_KEY}.preference.by_tool_kind", _by_kind(preference.by_tool_kind)
    by_model = _first_match(preference.by_model, model_id)
    if by_model:
        yield f"{_KEY}.preference.by_model.{by_model[0]}", _for_all(by_model[1].order)
    yield f"{_KEY}.preference.default", _for_all(preference.default)
    yield f"{_KEY}.selection.by_tool_kind", _by_kind(selection.by_tool_kind)
    older = _first_match(selection.by_model, model_id)
    if older:
        yield f"{_KEY}.selection.by_model.{older[0]}", _for_all(older[1])


def _for_all(order: Sequence[str]) -> dict[Role, Sequence[str]]:
    return {"edit": order, "shell": order, "other": order}


def _by_kind(kinds: ByToolKind) -> dict[Role, Sequence[str]]:
    return {"edit": kinds.diff, "shell": kinds.bash, "other": ()}


def _first_match(globs: Mapping[str, _T], model_id: str) -> tuple[str, _T] | None:
    return next(((glob, value) for glob, value in globs.items() if fnmatchcase(model_id, glob)), None)


def _choose(role: Role, orders: Sequence[tuple[str, Mapping[Role, Sequence[str]]]], *, native: bool) -> tuple[str, str]:
    """The dialect for a role, and the key that decided."""
    for key, lists in orders:
        for name in lists[role]:
            if get_dialect(name).serves in (role, "any") and (native or name != NATIVE):
                return name, key
    if native:
        return NATIVE, "provider_tools.use_native: no list says anything about these tools"
    return TEXT_DEFAULT, f"{TEXT_DEFAULT} is what is left: native calls are off, and no list serves these tools"


def _checked(tool: ToolSpec) -> str:
    serves = get_dialect(tool.dialect).serves
    if serves not in (role_of(tool), "any"):
        what = f"The dialect `{tool.dialect}` cannot call `{tool.id}`; it is for {serves} only."
        raise UsageError(what, where=f"tools.overlays: syntax_style.{tool.id}", remedy="Choose another dialect.")
    return tool.dialect


def _options(dialects: Dialects, tools: Sequence[ToolSpec]) -> ParseOptions:
    policy = dialects.create_file_policy
    shell = next((tool for tool in tools if tool.kind == "shell"), None)
    write = next((tool.name for tool in tools if tool.kind == "write"), "write_file")
    command = next((each.name for each in shell.parameters if each.required), "command") if shell else "command"
    return ParseOptions(
        use_dev_null=policy.unified_diff.use_dev_null,
        prefer_write_file_tool=policy.aider_diff.prefer_write_file_tool,
        write_tool=write,
        shell_tool=shell.name if shell else "run_shell",
        shell_argument=command,
        schemas={tool.name: {each.name: each.schema for each in tool.parameters} for tool in tools},
    )
