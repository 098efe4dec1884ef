"""What a checked call is about to do to which files, for rules, permissions and the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from loopwright.runtime.calls import Call
from loopwright.runtime.edits.operations import Create, Operation, touched
from loopwright.runtime.rules.sequence import Intent
from loopwright.runtime.tools.spec import ToolSpec

__all__ = ["intent_of"]


def intent_of(
    spec: ToolSpec,
    call: Call,
    arguments: Mapping[str, Any],
    operations: Sequence[Operation] | None,
    located: Callable[[str], str],
) -> Intent:
    """A call's intent. `operations` are those of a patch or an edit block; `located` gives a file's one name."""

    def _paths(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(located(path) for path in paths))

    if operations is not None:
        return Intent(
            spec.id,
            spec.kind,
            needs=_paths(one.path for one in operations if not isinstance(one, Create)),
            creates=_paths(one.path for one in operations if isinstance(one, Create) and not one.overwrite),
            changes=_paths(path for one in operations for path in touched(one)),
            origin=call.origin,
        )
    path = arguments.get("path")
    paths = _paths([path]) if isinstance(path, str) else ()
    match spec.kind:
        case "read":
            # A folder may be listed that is not there; the tool itself says so best.
            return Intent(spec.id, "read", reads=paths, origin=call.origin)
        case "edit":
            return Intent(spec.id, "edit", needs=paths, changes=paths, origin=call.origin)
        case "write":
            creates = paths if getattr(spec, "handler", "") == "create_file" else ()
            return Intent(spec.id, "write", creates=creates, changes=paths, origin=call.origin)
        case kind:
            return Intent(spec.id, kind, origin=call.origin)
