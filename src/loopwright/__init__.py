"""Loopwright: run coding agents in loops, record everything, and trust what you see."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Asked for rarely, and reading the installed metadata takes longer than most imports here.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("loopwright")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0.0.0"
