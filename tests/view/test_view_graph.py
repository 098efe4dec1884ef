from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.view.sample import ROUNDS, commit, sample_trace, values

from loopwright.record import Payload, SuiteCount, Trace, TraceGrade
from loopwright.view import graph_data


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return graph_data(sample_trace(), values)


def test_the_data_are_plain_json(data: dict[str, Any]) -> None:
    assert json.loads(json.dumps(data)) == data


def test_there_is_a_row_per_part_and_a_checkpoint_per_round(data: dict[str, Any]) -> None:
    assert [row["part"] for row in data["parts"]] == list(range(1, 62))
    assert len(data["checkpoints"]) == ROUNDS
    assert data["checkpoints"][0]["commit"] == commit(1)


def test_nothing_is_counted_before_the_first_grade(data: dict[str, Any]) -> None:
    assert [row["passed"] for row in data["parts"][:3]] == [{}, {}, {}]
    assert data["parts"][3]["passed"]["basics"] > 0


def test_the_curve_ends_at_the_full_count_of_each_suite() -> None:
    both = graph_data(sample_trace(suites=2), values)
    assert both["parts"][-1]["passed"] == both["suites"] == {"basics": 86, "torture": 60}


def test_a_grade_of_a_part_of_a_suite_keeps_what_the_others_said(data: dict[str, Any]) -> None:
    # Part 29 ran the seven tests of basics/smoke only, and all passed.
    assert data["grades"][5]["path"] == "basics/smoke"
    before, after = (data["parts"][part - 1]["passed"]["basics"] for part in (28, 29))
    assert before <= after <= before + 7


def test_tokens_and_cost_end_at_the_totals_of_the_trace() -> None:
    trace = sample_trace(scripted=False)
    last = graph_data(trace, values)["parts"][-1]
    assert sum(last["tokens"].values()) == trace.totals.usage.total
    assert last["cost"] == pytest.approx(trace.totals.cost)
    assert trace.totals.cost


def test_an_unknown_price_makes_the_cost_unknown_from_there_on() -> None:
    data = graph_data(sample_trace(scripted=False, priced=False), values)
    costs = [row["cost"] for row in data["parts"]]
    assert costs[0] is not None
    assert costs[-1] is None
    assert data["trajectory"]["cost"] is None


def test_an_agent_without_gateway_calls_is_billed_by_its_parts() -> None:
    trace = sample_trace()
    usage = trace.model_calls[0].usage
    part = replace(trace.parts[4], usage=usage, cost=0.5)
    data = graph_data(replace(trace, model_calls=(), parts=(*trace.parts[:4], part)), values)
    assert [row["cost"] for row in data["parts"]] == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert sum(data["parts"][-1]["tokens"].values()) == usage.total
    assert data["trajectory"]["billed_by"] == "parts"


def test_the_matrix_has_a_status_for_each_grade(data: dict[str, Any]) -> None:
    rows = data["tests"]["rows"]
    assert len(rows) == 86
    assert all(len(row["statuses"]) == len(data["tests"]["grades"]) for row in rows)
    outside = next(row for row in rows if row["category"] == "stress")
    assert outside["statuses"][5] is None
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_solved_names_the_part_that_made_the_commit(data: dict[str, Any]) -> None:
    assert data["solved"] == {"part": 58, "commit": commit(12), "graded_at_part": 59}


def test_solved_is_seen_before_the_session_ends() -> None:
    assert graph_data(sample_trace(ended=False), values)["solved"]["commit"] == commit(12)


def test_a_grade_that_reports_fewer_tests_than_expected_solves_nothing() -> None:
    trace = sample_trace(ended=False)
    assert graph_data(replace(trace, suites={"basics": 87}), values)["solved"] is None


def test_regressions_say_which_parts_are_suspect(data: dict[str, Any]) -> None:
    found = {row["id"]: row for row in data["regressions"]}
    smoke = found["basics/smoke/smok_01"]
    assert (smoke["passed_at_part"], smoke["part"], smoke["suspects"], smoke["fixed_at_part"]) == (29, 34, [33], 39)
    # Not among the seven that round 6 ran: both checkpoints since round 5 are suspect.
    assert found["basics/variables/vari_00"]["suspects"] == [28, 33]


def test_a_test_that_changes_its_mind_on_one_commit_has_no_suspects() -> None:
    flaky = _trace_of([["passed"], ["failed"]], same_commit=True)
    assert [row["suspects"] for row in graph_data(flaky, values)["regressions"]] == [[]]


def test_what_the_harness_failed_is_no_regression() -> None:
    trace = _trace_of([["passed"], ["error"]])
    broken = replace(trace.grades[1], status_code=500, error="the runner died")
    data = graph_data(replace(trace, grades=(trace.grades[0], broken)), values)
    assert data["regressions"] == []


def test_failing_tests_bring_their_newest_result() -> None:
    data = graph_data(sample_trace(until=40, ended=False), values)
    assert {case["status"] for case in data["failing"]} >= {"failed", "timeout"}
    assert all(case["expected"] for case in data["failing"])


def _trace_of(statuses: list[list[str | None]], same_commit: bool = False) -> Trace:
    """A trace whose grades gave these statuses to tests s/c/0, s/c/1, ... (None: did not run)."""
    trace = sample_trace()
    grades = []
    for number, row in enumerate(statuses):
        cases = [
            {"id": f"s/c/{index}", "suite": "s", "status": status, "duration_ms": 1}
            for index, status in enumerate(row)
            if status is not None
        ]
        passed = sum(case["status"] == "passed" for case in cases)
        whole = len(cases) == len(row)
        grades.append(
            TraceGrade(
                grade_id=f"g{number}",
                cause="agent",
                turn=1,
                part=4 + 5 * number,
                timestamp=trace.started_at,
                commit=commit(1 if same_commit else 1 + number),
                tree="",
                path="" if whole else "s/c",
                status_code=200,
                error="",
                passed=passed,
                failed=len(cases) - passed,
                total=len(cases),
                duration_ms=1,
                suites={"s": SuiteCount(passed, len(cases) - passed, len(cases), len(row))},
                results=Payload(value=cases),
                cached=False,
            )
        )
    return replace(trace, grades=tuple(grades), suites={"s": len(statuses[0])}, session_end=None)


_ROUNDS = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(
            st.sampled_from(["passed", "failed", "timeout", "error", "skipped", None]), min_size=width, max_size=width
        ),
        min_size=1,
        max_size=10,
    )
)


@given(_ROUNDS)
def test_curve_matrix_and_regressions_agree_for_any_history(rounds: list[list[str | None]]) -> None:
    data = graph_data(_trace_of(rounds), values)
    newest: dict[int, str] = {}
    for number, row in enumerate(rounds):
        newest |= {index: status for index, status in enumerate(row) if status is not None}
        counted = data["parts"][4 + 5 * number]["passed"].get("s", 0)
        assert counted == sum(status == "passed" for status in newest.values())
    for row in data["tests"]["rows"]:
        assert row["statuses"] == [statuses[int(row["id"].split("/")[-1])] for statuses in rounds]
    for found in data["regressions"]:
        index = int(found["id"].split("/")[-1])
        assert rounds[(found["passed_at_part"] - 4) // 5][index] == "passed"
        assert rounds[(found["part"] - 4) // 5][index] == found["status"] != "passed"
        assert found["fixed_at_part"] is None or found["fixed_at_part"] > found["part"] > found["passed_at_part"]
