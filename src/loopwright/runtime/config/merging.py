"""`extends`: files on top of files."""

from __future__ import annotations

from pathlib import Path

from loopwright.base import UsageError
from loopwright.runtime.config.written import Tree, read_tree

__all__ = ["read_merged"]

_DEEPEST = 32


def read_merged(path: Path) -> tuple[Tree, tuple[Path, ...]]:
    """Read a file and all that it extends, as one tree.

    Mappings are merged, lists and values replaced; `!append` adds to the inherited list, `!unset` takes the inherited
    key away. Of several files that are extended, later ones win.

    Returns:
        The tree, with the top file's own `extends`, and all files in the order in which they were laid on one another.

    Raises:
        UsageError: As `read_tree`; or files extend each other in a circle; or a tag has nothing to act on.
    """
    files: list[Path] = []
    return _read(path.absolute(), (), files), tuple(dict.fromkeys(files))


def _read(path: Path, chain: tuple[Path, ...], files: list[Path]) -> Tree:
    own = read_tree(path)
    if not isinstance(own.value, dict):
        raise UsageError("a configuration is a mapping that begins with `version: 2`", where=str(own.origin))
    merged = Tree({}, own.origin)
    for base, place in _bases(own):
        if base.resolve() in [file.resolve() for file in (*chain, path)]:
            circle = " -> ".join(file.name for file in (*chain, path, base))
            raise UsageError(f"files extend each other in a circle: {circle}", where=place)
        if len(chain) >= _DEEPEST:
            raise UsageError(f"more than {_DEEPEST} files extend one another", where=place)
        if not base.is_file():
            raise UsageError(f"it extends {base}, which is not there", where=place, remedy="Check the path.")
        inherited = _read(base, (*chain, path), files)
        merged = _over(
            merged, Tree({k: v for k, v in _items(inherited).items() if k != "extends"}, inherited.origin), ""
        )
    files.append(path)
    return _over(merged, own, "")


def _bases(tree: Tree) -> list[tuple[Path, str]]:
    named = _items(tree).get("extends")
    if named is None:
        return []
    found = []
    for item in named.value if isinstance(named.value, list) else [named]:
        if not isinstance(item.value, str) or item.tag:
            raise UsageError("`extends` is the name of a file, or a list of them", where=str(item.origin))
        found.append(((item.origin.file.parent / Path(item.value).expanduser()).absolute(), str(item.origin)))
    return found


def _items(tree: Tree) -> dict[str, Tree]:
    return tree.value if isinstance(tree.value, dict) else {}


def _over(base: Tree | None, over: Tree, key: str) -> Tree:
    if over.tag == "!append":
        if base is None or not isinstance(base.value, list) or not isinstance(over.value, list):
            raise UsageError(
                f"`{key}` inherits no list that this could be appended to",
                where=str(over.origin),
                remedy="Drop !append.",
            )
        return Tree([*base.value, *(_over(None, item, key) for item in over.value)], over.origin)
    if isinstance(over.value, list):
        return Tree([_over(None, item, key) for item in over.value], over.origin)
    if isinstance(over.value, dict):
        return Tree(_merged(_items(base) if base else {}, over.value), over.origin)
    if over.tag == "!unset":
        raise UsageError("!unset takes a key away; it cannot stand in a list", where=str(over.origin))
    return over


def _merged(base: dict[str, Tree], over: dict[str, Tree]) -> dict[str, Tree]:
    merged = dict(base)
    for key, tree in over.items():
        if tree.tag != "!unset":
            merged[key] = _over(base.get(key), tree, key)
        elif merged.pop(key, None) is None:
            raise UsageError(f"`{key}` is not inherited, so it cannot be unset", where=str(tree.origin))
    return merged
