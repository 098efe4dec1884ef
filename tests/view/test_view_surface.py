from __future__ import annotations

import subprocess
import sys

import loopwright.view


def test_every_public_name_is_there() -> None:
    for name in loopwright.view.__all__:
        assert getattr(loopwright.view, name) is not None


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, loopwright.view; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"altair", "vl_convert", "rich", "pyarrow", "narwhals"} & set(loaded)


def test_graph_data_needs_neither_the_chart_library_nor_the_terminal_one() -> None:
    code = "import sys; from loopwright.view import graph_data, PlainView; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "loopwright.view.graph" in loaded
    assert not {"altair", "vl_convert", "rich"} & set(loaded)
