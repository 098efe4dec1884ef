"""Late names: found once, listed, refused in Python's words; and every package that has them says the same thrice."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import loopwright

ROOT = Path(loopwright.__file__).parent
PACKAGES = sorted(
    ".".join(("loopwright", *file.parent.relative_to(ROOT).parts))
    for file in ROOT.rglob("__init__.py")
    if "= lazy_names(" in file.read_text()
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package `sample_of_lazy` with the module `home`, which notes that it was imported."""
    folder = tmp_path / "sample_of_lazy"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from loopwright.base import lazy_names\n"
        "imported = []\n"
        "__getattr__, __dir__ = lazy_names(__name__, home=('late', 'missing'))\n"
    )
    (folder / "home.py").write_text("import sample_of_lazy\nsample_of_lazy.imported.append(1)\nlate = object()\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("sample_of_lazy", "sample_of_lazy.home"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("sample_of_lazy")


def test_a_name_is_imported_when_it_is_first_used(package: ModuleType) -> None:
    assert "sample_of_lazy.home" not in sys.modules
    found = package.late
    assert found is sys.modules["sample_of_lazy.home"].late
    assert vars(package)["late"] is found, "the second look-up does not come to us"


def test_listing_names_imports_nothing(package: ModuleType) -> None:
    assert {"late", "imported", "__name__"} <= set(dir(package))
    assert dir(package) == sorted(set(dir(package)))
    assert package.imported == []


def test_an_unknown_name_is_refused_in_pythons_words(package: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AttributeError) as ours:
        _ = package.lat
    with pytest.raises(AttributeError) as pythons:
        _ = ast.lat  # type: ignore[attr-defined]
    assert str(ours.value) == str(pythons.value).replace("'ast'", "'sample_of_lazy'")
    assert (ours.value.name, ours.value.obj) == ("lat", package)
    sys.__excepthook__(AttributeError, ours.value, None)
    assert "Did you mean: 'late'?" in capsys.readouterr().err


def test_a_name_that_its_module_lacks_is_that_modules_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=r"module 'sample_of_lazy\.home' has no attribute 'missing'"):
        _ = package.missing


def test_a_module_is_still_imported_by_its_own_name(package: ModuleType) -> None:
    namespace: dict[str, object] = {}
    exec("from sample_of_lazy import home", namespace)
    assert namespace["home"] is sys.modules["sample_of_lazy.home"]
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from sample_of_lazy import nothing")


@pytest.mark.parametrize("name", PACKAGES)
def test_what_type_checkers_read_is_what_there_is(name: str) -> None:
    """The imports under TYPE_CHECKING, the late names and `__all__` are one list."""
    tree = ast.parse((ROOT / Path(*name.split(".")[1:]) / "__init__.py").read_text())
    checked, late = _two_branches(tree, name)
    assert checked == late
    at_once = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names} - {
        "TYPE_CHECKING",
        "annotations",
    }
    package = importlib.import_module(name)
    names = {each for names in late.values() for each in names}
    assert names <= set(package.__all__) <= names | at_once
    assert not names & set(late), "a module of that name would take its place"
    for each in package.__all__:
        assert getattr(package, each) is not None


def _two_branches(tree: ast.Module, name: str) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    choice = next(node for node in tree.body if isinstance(node, ast.If))
    checked = {
        (node.module or "").removeprefix(f"{name}."): {alias.asname or alias.name for alias in node.names}
        for node in choice.body
        if isinstance(node, ast.ImportFrom)
    }
    call = next(node for node in ast.walk(choice) if isinstance(node, ast.Call))
    return checked, {each.arg or "": set(ast.literal_eval(each.value)) for each in call.keywords}


def test_every_package_with_late_names_has_them_from_here() -> None:
    own = [file for file in ROOT.rglob("__init__.py") if "def __getattr__" in file.read_text()]
    assert own == [ROOT / "__init__.py"], "only the version is found in another way"
    assert len(PACKAGES) >= 15


def test_it_is_quick_and_needs_little() -> None:
    program = "import sys; before = set(sys.modules); import loopwright.base; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tempfile", "asyncio", "inspect"} & set(loaded)
