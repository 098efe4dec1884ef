"""Records with the content of their payloads, for `--full --json`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.record import Payload

__all__ = ["with_content"]


def with_content(record: Any, value_of: Callable[[Payload], Any]) -> Any:
    """The record as JSON values; every payload in it has its `value` instead of `blob` and `preview`.

    Args:
        record: A trace, a part, or anything else made of structs, lists, tuples and dictionaries.
        value_of: Gives the content of a payload (see `results_of`).

    Raises:
        MachineError: A blob is missing or damaged.
    """
    import msgspec

    from loopwright.record import Payload

    if isinstance(record, Payload):
        return {"value": value_of(record), "size": record.size}
    if isinstance(record, msgspec.Struct):
        config = record.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        fields = {name: getattr(record, name) for name in record.__struct_fields__}
        return tag | {name: with_content(value, value_of) for name, value in fields.items()}
    if isinstance(record, dict):
        return {name: with_content(value, value_of) for name, value in record.items()}
    if isinstance(record, list | tuple):
        return [with_content(value, value_of) for value in record]
    return record
