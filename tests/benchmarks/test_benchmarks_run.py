"""The benchmarks' driver: its lines, its table, its exit code. Nothing slow is measured here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

if TYPE_CHECKING:
    from benchmarks import install_peers, machine, plan, report, run, table
    from benchmarks.report import Figure
else:
    sys.path.insert(0, str(_BENCHMARKS))
    import install_peers
    import machine
    import plan
    import report
    import run
    import table
    from report import Figure

    sys.path.remove(str(_BENCHMARKS))

_NUMBERS = st.none() | st.floats(min_value=0, allow_infinity=False)
_FIGURES = st.builds(
    Figure,
    name=st.text(),
    unit=st.text(),
    value=_NUMBERS,
    peer=st.text(),
    peer_value=_NUMBERS,
    bar=_NUMBERS,
    more_is_better=st.booleans(),
    note=st.text(),
)


@pytest.fixture(autouse=True)
def no_misses_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_missed", [])
    monkeypatch.delenv(report.SWITCH, raising=False)


@pytest.fixture
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(report.SWITCH, "1")


# --- lines


def test_a_figure_is_silent_until_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    report.report(name="start", unit="ms", value=3.5)
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("switched_on")
def test_a_figure_comes_back_from_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    report.report(name="start", unit="ms", value=3.5, peer="bare", peer_value=1.0, bar=4.0, note="é\n")
    line = capsys.readouterr().out
    assert line.startswith("@bench {")
    assert line.count("\n") == 1
    assert report.parse(line) == Figure(
        name="start", unit="ms", value=3.5, peer="bare", peer_value=1.0, bar=4.0, note="é\n"
    )


@given(_FIGURES)
def test_any_figure_survives_the_line(figure: Figure) -> None:
    line = "@bench " + msgspec.json.encode(figure).decode() + "\n"
    assert report.parse(line) == figure


@given(st.lists(_FIGURES, max_size=5))
def test_any_figures_make_a_table_of_equal_lines(figures: list[Figure]) -> None:
    lines = table.render(figures).splitlines()
    assert len(lines) == 2 + len(figures)
    assert len({len(line) for line in lines}) == 1


def test_text_for_people_is_no_figure() -> None:
    assert report.parse("bench: 3 ms\n") is None
    assert report.parse(" @bench {}\n") is None


@pytest.mark.parametrize(
    "rest", ["", "{}", '{"name":"a","unit":"ms","value":"x"}', '{"name":"a","unit":"b","vlaue":1}']
)
def test_a_damaged_line_is_not_passed_over(rest: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        report.parse(f"@bench {rest}\n")


@pytest.mark.parametrize(("value", "more", "code"), [(4.0, False, 0), (4.1, False, 1), (3.9, True, 1), (4.0, True, 0)])
def test_a_missed_bar_fails_a_benchmark_that_is_run_by_hand(value: float, more: bool, code: int) -> None:
    report.report(name="start", unit="ms", value=value, bar=4.0, more_is_better=more)
    assert report.exit_code() == code


@pytest.mark.usefixtures("switched_on")
def test_a_missed_bar_is_the_tables_business_under_the_driver() -> None:
    report.report(name="start", unit="ms", value=9.0, bar=4.0)
    assert report.exit_code() == 0


# --- table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0000466, "0.0000466"),
        (0.000466, "0.000466"),
        (0.05, "0.05"),
        (3, "3"),
        (4.204, "4.2"),
        (46.55, "46.5"),
        (362.8, "363"),
        (999.6, "1,000"),
        (1127.2, "1,127"),
        (371289.0, "371,289"),
    ],
)
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert table.number(value) == text


@pytest.mark.parametrize(
    ("value", "bar", "more", "text"),
    [
        (5.0, 20.0, False, "met, 4 x to spare"),
        (25.0, 20.0, False, "MISSED by 5 ms (1.25 x)"),
        (20.0, 20.0, False, "met, 1 x to spare"),
        (2.0, 3.0, True, "MISSED by 1 ms (1.5 x)"),
        (78.9, 3.0, True, "met, 26.3 x to spare"),
        (0.0, 0.0, False, "met"),
        (3.0, 0.0, False, "MISSED by 3 ms"),
        (-0.5, 3.0, False, "met"),
    ],
)
def test_the_verdict_says_by_how_much(value: float, bar: float, more: bool, text: str) -> None:
    assert table.verdict(Figure(name="x", unit="ms", value=value, bar=bar, more_is_better=more)) == text


def test_the_ratio_says_which_way() -> None:
    assert table.ratio(Figure(name="x", unit="ms", value=2.0, peer_value=658.0)) == "329 x less"
    assert table.ratio(Figure(name="x", unit="ms", value=100.0, peer_value=20.0)) == "5 x more"
    assert table.ratio(Figure(name="x", unit="ms", value=100.0)) == ""


def test_the_table_tells_everything_once() -> None:
    figures = [
        Figure(name="append", unit="ms", value=0.003, bar=0.05, peer="os.write", peer_value=0.0005),
        Figure(name="append", unit="ms", value=0.003, bar=0.05, peer="OpenHands SDK", note="needs Python 3.12"),
        Figure(name="throughput", unit="tests/s", value=25.0, bar=20.0, more_is_better=True),
        Figure(name="sandbox", unit="", value=None, note="exit code 1: no bwrap"),
    ]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.render(figures).splitlines()]
    assert rows[2:] == [
        ["append", "<= 0.05 ms", "0.003 ms", "met, 16.7 x to spare", "os.write", "0.0005 ms", "6 x more"],
        ["", "", "", "", "OpenHands SDK", "not measured: needs Python 3.12", ""],
        ["throughput", ">= 20 tests/s", "25 tests/s", "met, 1.25 x to spare", "", "", ""],
        ["sandbox", "", "not measured", "exit code 1: no bwrap", "", "", ""],
    ]
    assert len({len(line) for line in table.render(figures).splitlines()}) == 1


def test_the_summary_counts_a_figure_once() -> None:
    figures = [
        Figure(name="append", unit="ms", value=0.003, bar=0.05, peer="a", peer_value=1),
        Figure(name="append", unit="ms", value=0.003, bar=0.05, peer="b", peer_value=2),
        Figure(name="start", unit="ms", value=300, bar=200),
        Figure(name="grader", unit="", value=None, note="exit code 1"),
    ]
    assert table.summary(figures) == "2 bars measured: 1 met, 1 missed (start). Could not be measured: grader"


# --- driver


_EXAMPLE = plan.Benchmark(name="example", script="bench_example.py", seconds=60)


def _script(folder: Path, text: str) -> list[str]:
    file = folder / "bench_example.py"
    file.write_text(textwrap.dedent(text))
    return [sys.executable, str(file)]


_LINE = """print('@bench {"name":"start","unit":"ms","value":9,"bar":4}', flush=True)\n"""


def test_text_is_shown_and_figures_are_gathered(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    figures = run.measure(_EXAMPLE, _script(tmp_path, f"print('hello')\n{_LINE}"))
    assert figures == [Figure(name="start", unit="ms", value=9, bar=4)]
    assert capfd.readouterr().out == "   hello\n"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (_LINE + "raise SystemExit('the disk is full')", "exit code 1: the disk is full"),
        ("print('nothing to say')", "no figures"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9: "),
    ],
)
def test_a_benchmark_that_breaks_is_not_measured(tmp_path: Path, text: str, note: str) -> None:
    last = run.measure(_EXAMPLE, _script(tmp_path, text))[-1]
    assert (last.name, last.value, last.note) == ("example", None, note)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_unreadable_figure_is_not_measured(tmp_path: Path) -> None:
    (figure,) = run.measure(_EXAMPLE, _script(tmp_path, "print('@bench {')"))
    assert figure.value is None
    assert figure.note.startswith("unreadable figure: ")


@pytest.mark.slow
def test_a_benchmark_that_hangs_dies_with_what_it_started(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    child = "import time; time.sleep(100)"
    text = f"{_LINE}import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', {child!r}]).pid, flush=True)"
    began = time.monotonic()
    figures = run.measure(msgspec.structs.replace(_EXAMPLE, seconds=6), _script(tmp_path, text))
    assert time.monotonic() - began < 60
    assert [figure.value for figure in figures] == [9, None]
    assert figures[-1].note == "not done after 6 s"
    child_id = int(capfd.readouterr().out)
    while _lives(child_id):  # being killed takes a moment on a busy machine
        assert time.monotonic() - began < 60
        time.sleep(0.01)


@pytest.mark.parametrize(("text", "code"), [(_LINE, 0), ("raise SystemExit(7)", 1)])
def test_only_what_could_not_be_measured_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, code: int
) -> None:
    _, script = _script(tmp_path, text)
    monkeypatch.setattr(run, "BENCHMARKS", (plan.Benchmark(name="example", script=script),))
    output = tmp_path / "table.md"
    assert run.main([]) == code
    assert not output.exists()
    assert run.main(["--output", str(output)]) == code
    printed = capsys.readouterr().out
    assert printed.endswith(output.read_text())
    assert ("MISSED by 5 ms" if code == 0 else "exit code 7") in printed


def test_a_quick_run_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, script = _script(tmp_path, "import sys; print(sys.argv[1:])\n" + _LINE)
    one = plan.Benchmark(name="one", script=script, words=("many",), quick=("few",))
    monkeypatch.setattr(run, "BENCHMARKS", (one, plan.Benchmark(name="two", script=script, quick=None)))
    assert run.main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "['few']" in printed
    assert "left out of this run: two" in printed


def test_peers_that_cannot_be_installed_fail_the_run_but_not_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_network() -> Path:
        raise OSError("no network")

    _, script = _script(tmp_path, _LINE)
    monkeypatch.setattr(run, "BENCHMARKS", (plan.Benchmark(name="one", script=script, peers=True),))
    monkeypatch.setattr(run, "install", no_network)
    assert run.main([]) == 1
    printed = capsys.readouterr().out
    assert "the peers could not be installed: no network" in printed
    assert "MISSED by 5 ms" in printed


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["jornal"])
    assert "jornal" in capsys.readouterr().err


# --- plan, peers, machine


def test_the_plan_names_every_benchmark_and_test_there_is() -> None:
    assert {each.script for each in plan.BENCHMARKS} == {path.name for path in _BENCHMARKS.glob("bench_*.py")}
    named = [word for by in plan.KEPT_BY_TESTS.values() for word in by.split() if word.startswith("tests/")]
    assert named
    assert [path for path in named if not (_BENCHMARKS.parent / path).exists()] == []


def test_peers_are_pinned_and_name_no_host() -> None:
    lines = (_BENCHMARKS / "peers" / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert wanted
    assert all(re.fullmatch(r'[\w-]+==[\d.]+(; python_version >= "3\.\d+")?', line) for line in wanted)


def _python(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_a_python_is_found_behind_shims_that_do_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert install_peers.find_python() == sys.executable
    _python(tmp_path / "bin", "python3.13", "echo pyenv: not here >&2; exit 127")
    _python(tmp_path / "bin", "python3.12", "exit 0")
    assert install_peers.find_python() == sys.executable
    _python(tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin", "python3.12", "echo /opt/python3.12")
    assert install_peers.find_python() == "/opt/python3.12"


def test_a_module_is_looked_up_without_importing_it(tmp_path: Path) -> None:
    python = Path(sys.executable)
    assert install_peers.has(python, "antigravity")
    assert not install_peers.has(python, "no_such_module_anywhere")
    assert not install_peers.has(python, "no_such_package.module")


def test_our_own_work_does_not_count_as_the_others() -> None:
    usage = machine.Usage()
    busy = "import time\nwhile time.process_time() < 0.4: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    share = 0.4 / (usage.seconds() * (os.cpu_count() or 1))
    assert 0 <= usage.others() <= 1 - share + 0.1


def test_the_machine_is_described() -> None:
    text = machine.describe()
    assert f"{os.cpu_count()} x " in text
    assert "load before the start" in text
