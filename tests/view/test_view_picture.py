from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import struct
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import vl_convert
from msgspec.structs import replace
from tests.view.sample import sample_trace, values

from loopwright.record import Noticed, Payload, Trace
from loopwright.view import chart, graph_data, render_html, render_png
from loopwright.view._heatmap import cells, columns
from loopwright.view._theme import STATUS_COLOURS

HOSTILE = "</script><img src=http://evil.example/x onerror=alert(1)>\"'`${1}\x1b[31m\u202e"


def hostile_trace() -> Trace:
    """A trace in which everything that an agent or a task names tries to break out."""
    trace = sample_trace(until=60, ended=False)
    grades = tuple(replace(grade, results=Payload(value=_hostile(values(grade.results)))) for grade in trace.grades)
    notice = Noticed(trace.started_at, "warning", HOSTILE, HOSTILE)
    parts = tuple(replace(part, summary=HOSTILE) for part in trace.parts)
    return replace(trace, grades=grades, parts=parts, notices=(notice,), agent=HOSTILE, task=HOSTILE, model=HOSTILE)


def _hostile(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [case | {"id": f"{case['id']}{HOSTILE}", "message": HOSTILE, "actual": HOSTILE} for case in cases[-20:]]


def test_the_title_says_agent_model_task_and_id() -> None:
    spec = chart(graph_data(sample_trace(), values))
    for word in ("native", "scripted model scripted-c-compiler", "c_compiler", "3f2a9c1b"):
        assert word in spec["title"]["text"]


def test_a_profile_is_called_by_its_name() -> None:
    """A whole path in the title would make the picture as wide as the path is long."""
    spec = chart(graph_data(replace(sample_trace(), agent="native:/a/long/way/to/reviewer.yaml"), values))
    assert spec["title"]["text"].startswith("native:reviewer · ")


def test_a_real_model_is_not_called_scripted() -> None:
    spec = chart(graph_data(sample_trace(scripted=False), values))
    assert "claude-sonnet-4-6" in spec["title"]["text"]
    assert "scripted" not in spec["title"]["text"]


def test_the_png_has_the_promised_size_and_is_the_same_each_time(tmp_path: Path) -> None:
    spec = chart(graph_data(sample_trace(), values))
    render_png(spec, tmp_path / "one.png", scale=1)
    render_png(spec, tmp_path / "two.png", scale=1)
    png = (tmp_path / "one.png").read_bytes()
    assert png == (tmp_path / "two.png").read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert 1300 <= width <= 1500
    assert 1000 <= height <= 1200


@pytest.mark.parametrize("until", [1, 4, 6, 12])
def test_a_run_that_has_hardly_begun_can_be_drawn(until: int, tmp_path: Path) -> None:
    data = graph_data(sample_trace(until=until, ended=False), values)
    render_png(chart(data), tmp_path / "early.png", scale=1)
    assert (tmp_path / "early.png").stat().st_size > 1000


@pytest.mark.parametrize(("most", "labels"), [(0.004, ["$0.000", "$0.001"]), (1.15, ["$0.0", "$0.2"])])
def test_all_labels_of_the_cost_have_the_decimals_that_tell_them_apart(most: float, labels: list[str]) -> None:
    data = graph_data(sample_trace(), values)
    last = len(data["parts"])
    for row in data["parts"]:
        row["cost"] = most * row["part"] / last
    found = re.findall(r">(\$[\d.,]+)<", vl_convert.vegalite_to_svg(chart(data), allowed_base_urls=[]))
    assert found[:2] == labels
    assert len({len(label.partition(".")[2]) for label in found}) == 1
    assert len(set(found)) == len(found) >= 3


def test_names_that_xml_cannot_hold_are_drawn(tmp_path: Path) -> None:
    data = graph_data(hostile_trace(), values)
    data["trajectory"]["agent"] = f"{HOSTILE}\x00\ufffe"
    data["checkpoints"][0]["changed_files"] = ["odd \x1b[31m\udc80\uffff.txt"]
    render_png(chart(data), tmp_path / "odd.png", scale=1)
    assert (tmp_path / "odd.png").stat().st_size > 1000


def test_neighbours_with_one_status_are_one_rectangle() -> None:
    data = graph_data(sample_trace(), values)
    drawn = cells(data)
    assert len(drawn) < 86 * len(columns(data)) / 2
    for before, after in pairwise(drawn):
        if before["test"] == after["test"]:
            assert before["until"] == after["part"]
            assert before["status"] != after["status"]


def test_grades_of_one_commit_are_one_column_and_the_newest_counts() -> None:
    data = graph_data(sample_trace(), values)
    # The final grade is of the commit that the agent had tested before.
    assert len(columns(data)) == len(data["grades"]) - 1
    assert columns(data)[-1][2] == [11, 12]


def test_the_statuses_stay_apart_for_the_colour_blind() -> None:
    for kind, matrix in DICHROMACIES.items():
        for (one, a), (other, b) in combinations(STATUS_COLOURS.items(), 2):
            assert _distance(_seen(a, matrix), _seen(b, matrix)) > 20, (kind, one, other)


DICHROMACIES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> list[float]:
    linear = [_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5)]
    return [min(max(sum(m * v for m, v in zip(row, linear, strict=True)), 0.0), 1.0) for row in matrix]


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _distance(one: list[float], other: list[float]) -> float:
    """CIE 1976 colour difference of two colours in linear sRGB (white D65)."""
    return math.dist(_lab(one), _lab(other))


def _lab(rgb: list[float]) -> tuple[float, float, float]:
    r, g, b = rgb
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = ((v ** (1 / 3)) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


class Page(HTMLParser):
    """What a browser would find in a page: tags, attributes, and the text of each script and style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.inside: list[tuple[str, str]] = []
        self.text = ""
        self._raw = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._raw = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._raw:
            self.inside.append((self._raw, data))
        else:
            self.text += data


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "graph.html"
    data = graph_data(hostile_trace(), values)
    render_html(chart(data), data, path)
    return path.read_text()


def test_the_picture_shrinks_with_the_window(html: str) -> None:
    """Looked at in a browser too: at 900, 1000 and 1400 pixels its right edge is inside the window."""
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "#picture svg { display: block; max-width: 100%; height: auto; }" in style
    assert "#picture .vega-embed { display: block; width: 100%; }" in style
    assert "overflow-x" not in style


def test_the_page_loads_nothing(html: str) -> None:
    page = Page(html)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "svg"} & set(page.tags)
    assert not {"src", "href", "srcset", "data", "action", "style"} & {name for name, _ in page.attributes}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    style = "".join(text for tag, text in page.inside if tag == "style")
    assert "url(" not in style
    assert "@import" not in style
    spec = json.loads(re.search(r'id="spec">(.*?)</script>', html, re.S)[1])  # type: ignore[index]
    assert not _keys(spec) & {"url", "href", "$schema", "usermeta"}


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in _keys(item)}
    return {key for item in value for key in _keys(item)} if isinstance(value, list) else set()


def test_the_policy_allows_this_one_script_and_nothing_else(html: str) -> None:
    page = Page(html)
    policy = next(value for name, value in page.attributes if value.startswith("default-src"))
    code = max((text for tag, text in _scripts(html)), key=len)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert policy == f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"
    assert page.tags.count("script") == 2


def _scripts(html: str) -> list[tuple[str, str]]:
    return re.findall(r"<script([^>]*)>(.*?)</script>", html, re.S)


def test_what_the_agent_wrote_is_text_and_not_markup(html: str) -> None:
    page = Page(html)
    assert "<img src=http://evil.example/x onerror=alert(1)>" in page.text
    outside = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert "<img" not in outside
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", outside)


def test_the_tables_name_checkpoints_failing_tests_and_regressions() -> None:
    from loopwright.view._page import page

    data = graph_data(sample_trace(until=60, ended=False), values)
    text = Page(page(chart(data), data)).text
    assert f"{len(data['checkpoints'])} checkpoints" in text
    assert f"{len(data['failing'])} failing tests" in text
    assert f"{len(data['regressions'])} regressions" in text
    for case in data["failing"]:
        assert case["id"] in text


def test_the_page_says_how_and_when_it_ended() -> None:
    from loopwright.view._page import page

    ended, running = (graph_data(sample_trace(ended=flag), values) for flag in (True, False))
    assert re.search(r"ended\s*solved, 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d UTC", Page(page(chart(ended), ended)).text)
    assert re.search(r"ended\s*not ended\s*final", Page(page(chart(running), running)).text)
