"""Declaring suites: ids, parameters, and what is refused."""

from __future__ import annotations

import pytest

from loopwright.harness import _declare
from loopwright.harness._declare import DeclarationError, Declarations, setup, suite, teardown


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Declarations:
    made = Declarations()
    monkeypatch.setattr(_declare, "declared", made)
    return made


def body(**_: object) -> None:
    pass


def test_ids_come_from_the_template_in_declaration_order(fresh: Declarations) -> None:
    second, first = suite("b"), suite("a")
    first.test("plain")(body)
    second.test("{kind}/{name}", params=[{"kind": "x", "name": 1}, {"kind": "y", "name": "two"}], timeout=3)(body)
    assert [case.id for case in fresh.cases()] == ["b/x/1", "b/y/two", "a/plain"]
    assert [case.timeout for case in fresh.cases()] == [3, 3, None]
    assert fresh.cases()[1].params == {"kind": "y", "name": "two"}


def test_params_may_be_a_function(fresh: Declarations) -> None:
    suite("a").test("{n}", params=lambda: ({"n": n} for n in range(3)))(body)
    assert [case.id for case in fresh.cases()] == ["a/0", "a/1", "a/2"]


def test_params_are_copied(fresh: Declarations) -> None:
    entry = {"n": 1}
    suite("a").test("{n}", params=[entry])(body)
    entry["n"] = 2
    assert fresh.cases()[0].params == {"n": 1}


@pytest.mark.parametrize("name", ["", "a/b", "a b", "*", "..", "a\n"])
def test_a_suite_name_is_one_word(name: str) -> None:
    with pytest.raises(DeclarationError, match="cannot be the name"):
        suite(name)


@pytest.mark.parametrize("template", ["", "a//b", "/a", "a/", "../x", "what ever", "a*", "x[1]"])
def test_an_id_has_no_character_that_a_path_or_glob_would_take(template: str) -> None:
    with pytest.raises(DeclarationError, match="cannot be an id"):
        suite("a").test(template)(body)


def test_a_placeholder_without_a_parameter_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"no parameter 'nmae' \(parameters: name\)"):
        suite("a").test("{nmae}", params=[{"name": "x"}])(body)


def test_braces_do_not_reach_into_objects() -> None:
    with pytest.raises(DeclarationError, match="no parameter"):
        suite("a").test("{name.__class__}", params=[{"name": "x"}])(body)


def test_empty_params_are_refused() -> None:
    with pytest.raises(DeclarationError, match="params is empty"):
        suite("a").test("{n}", params=[])


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_positive(timeout: float) -> None:
    with pytest.raises(DeclarationError, match="timeout"):
        suite("a").test("x", timeout=timeout)


def test_the_same_id_twice_is_refused(fresh: Declarations) -> None:
    made = suite("a")
    made.test("x/y")(body)
    made.test("{n}/y", params=[{"n": "x"}])(body)
    with pytest.raises(DeclarationError, match="two tests have the id 'a/x/y'"):
        fresh.cases()


def test_a_suite_twice_is_refused() -> None:
    suite("a")
    with pytest.raises(DeclarationError, match="declared twice"):
        suite("a")


def test_a_suite_without_tests_is_refused(fresh: Declarations) -> None:
    suite("full").test("x")(body)
    suite("hollow")
    with pytest.raises(DeclarationError, match="the suite 'hollow' has no test"):
        fresh.cases()


def test_no_suite_at_all_is_refused(fresh: Declarations) -> None:
    with pytest.raises(DeclarationError, match="declares no test"):
        fresh.cases()


def test_hooks_are_declared_once(fresh: Declarations) -> None:
    setup(body)
    teardown(body)
    assert fresh.setup is body
    assert fresh.teardown is body
    for hook in (setup, teardown):
        with pytest.raises(DeclarationError, match="declared twice"):
            hook(body)
