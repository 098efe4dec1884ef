"""What servers say of their tools, in the form that the APIs take; they may say anything."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.base import UsageError
from loopwright.runtime.calls import Call
from loopwright.runtime.tools._arguments import check_arguments
from loopwright.runtime.tools._mcp_schemas import offered_name, parameters_of
from loopwright.runtime.tools.spec import ToolSpec


def test_names_are_such_that_the_apis_take_them() -> None:
    assert offered_name("files", "read-all_2") == "files__read-all_2"
    assert offered_name("files", "read.all/für x") == "files__read_all_f_r_x"
    assert len(offered_name("s", "x" * 100)) == 64


def test_definitions_are_put_in_the_place_of_what_refers_to_them() -> None:
    point = {"type": "object", "properties": {"x": {"$ref": "#/$defs/Length"}}}
    (where, many) = parameters_of(
        {
            "properties": {
                "where": {"$ref": "#/$defs/Point", "description": "a place"},
                "many": {"type": "array", "items": {"$ref": "#/$defs/Point"}},
            },
            "required": ["where"],
            "$defs": {"Point": point, "Length": {"type": "integer"}},
        }
    )
    whole = {"type": "object", "properties": {"x": {"type": "integer"}}}
    assert (where.schema, where.description, where.required) == (whole, "a place", True)
    assert (many.schema, many.required) == ({"type": "array", "items": whole}, False)


def test_a_reference_that_leads_nowhere_or_into_itself_ends() -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}}}
    properties = {"tree": {"$ref": "#/$defs/Tree"}, "lost": {"$ref": "#/nothing"}, "far": {"$ref": "http://x/y"}}
    found = parameters_of({"properties": properties, "$defs": {"Tree": tree}})
    assert [one.schema for one in found] == [{"type": "object", "properties": {"left": {}}}, {}, {}]


def test_few_definitions_cannot_stand_for_endless_ones() -> None:
    defs = {f"d{level}": {"anyOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 20} for level in range(12)}
    found = parameters_of({"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs})
    assert len(json.dumps(found[0].schema)) < 200_000


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "#/$defs/a", "#", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "$ref", "enum", "minimum", "properties", "required", "items", "$defs", "a"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["properties", "required", "$defs", "a"]), ANYTHING), ANYTHING)
def test_no_schema_breaks_the_run(schema: dict[str, Any], value: Any) -> None:
    spec = ToolSpec("s__t", "s__t", "mcp", "", parameters_of(schema))
    json.dumps(spec.json_schema())
    call = Call("c", "s__t", {parameter.name: value for parameter in spec.parameters}, "{}")
    with suppress(UsageError):
        check_arguments(spec, call)


@pytest.mark.parametrize("schema", [{}, {"properties": 3}, {"properties": {"a": True}}])
def test_a_tool_may_have_no_parameter_that_can_be_understood(schema: dict[str, Any]) -> None:
    assert parameters_of(schema) == ()
