"""Cases written by hand: what generated ones do not reach."""

from __future__ import annotations

from collections.abc import Iterator

from tests.runtime.edits.corpus.cases import DIALECTS, Block, Case, FileEdit, native, write

from loopwright.runtime.edits import Hunk, Update

__all__ = ["handmade"]

_TWICE = "def a():\n    x = 1\n    return x\n\ndef b():\n    x = 1\n    return x\n"
_DEEP = "class A:\n    def run(self):\n        go()\n\n\nclass B:\n    def run(self):\n        go()\n"
_DOC = "# One\n\nText.\n\nSame line.\n\n# Two\n\nSame line.\n"


class _Maker:
    """Makes cases of one file, `f.py`, from texts."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def add(
        self,
        name: str,
        before: str | bytes,
        after: str | bytes | None,
        *blocks: tuple[str, str],
        dialects: tuple[str, ...] = DIALECTS,
        line: int | None = None,
        anchors: tuple[str, ...] = (),
        at_end: bool = False,
    ) -> None:
        """Note a case; the texts of a block are lines, their last newline left out."""
        made = [Block(old.split("\n"), new.split("\n") if new else [], line, anchors, at_end) for old, new in blocks]
        edits = [FileEdit("f.py", made)]
        start, end = (text.encode() if isinstance(text, str) else text for text in (before, after or b""))
        operations = native(edits) if "native" in dialects else None
        files = None if after is None else {"f.py": end}
        self.cases.append(Case(f"hand/{name}", "by hand", {"f.py": start}, files, write(edits, dialects), operations))


def handmade() -> Iterator[Case]:
    """The cases."""
    maker = _Maker()
    _ties(maker)
    _fuzz(maker)
    _bytes(maker)
    yield from maker.cases
    yield from _files()
    yield from _replies()


def _ties(maker: _Maker) -> None:
    add = maker.add
    patch, diff = ("opencode_patch",), ("unified_diff",)
    add("twice", _TWICE, None, ("    x = 1", "    x = 2"))
    add("twice, stripped", _TWICE, None, ("x = 1\nreturn x", "x = 2\nreturn x"), dialects=("aider_diff", *patch))
    add(
        "anchor",
        _TWICE,
        _TWICE.replace("b():\n    x = 1", "b():\n    x = 2"),
        ("    x = 1", "    x = 2"),
        dialects=patch,
        anchors=("def b():",),
    )
    add(
        "anchor of the first",
        _TWICE,
        _TWICE.replace("a():\n    x = 1", "a():\n    x = 2"),
        ("    x = 1", "    x = 2"),
        dialects=patch,
        anchors=("def a():",),
    )
    add(
        "anchor in the block",
        _TWICE,
        _TWICE.replace("b():\n    x = 1", "b():\n    x = 2"),
        ("def b():\n    x = 1", "def b():\n    x = 2"),
        dialects=patch,
        anchors=("def b():",),
    )
    add("anchor that is nowhere", _TWICE, None, ("    x = 1", "    x = 2"), dialects=patch, anchors=("def c():",))
    add("unique, before its anchor", "one\ntwo\nthree\n", None, ("one", "1"), dialects=patch, anchors=("two",))
    add(
        "nested anchors",
        _DEEP,
        _DEEP[:-5] + "stay()\n",
        ("        go()", "        stay()"),
        dialects=patch,
        anchors=("class B:", "def run(self):"),
    )
    add(
        "anchor that is twice",
        _DEEP,
        None,
        ("        go()", "        stay()"),
        dialects=patch,
        anchors=("def run(self):",),
    )
    add(
        "heading as anchor",
        _DOC,
        _DOC.replace("# Two\n\nSame", "# Two\n\nOther"),
        ("Same line.", "Other line."),
        dialects=patch,
        anchors=("# Two",),
    )
    add(
        "line number",
        _TWICE,
        _TWICE.replace("b():\n    x = 1", "b():\n    x = 2"),
        ("    x = 1", "    x = 2"),
        dialects=diff,
        line=6,
    )
    add("line number of neither", _TWICE, None, ("    x = 1", "    x = 2"), dialects=diff, line=5)
    add(
        "end of file", _TWICE, _TWICE[:-1] + " + 1\n", ("    return x", "    return x + 1"), dialects=patch, at_end=True
    )
    add("not at the end", "a\nb\nc\n", None, ("b", "B"), dialects=patch, at_end=True)
    add("overlapping itself", "x\nx\nx\n", None, ("x\nx", "y"))
    add(
        "exact before loose",
        "  go()\ngo()\n",
        "  go()\nstay()\n",
        ("go()", "stay()"),
        dialects=("aider_diff", *patch, *diff),
    )
    add(
        "one exact, one with spaces",
        "a = 1  \na = 1\n",
        "a = 1  \na = 2\n",
        ("a = 1", "a = 2"),
        dialects=("aider_diff", *diff),
    )
    add("hunks that overlap", "a\nb\nc\n", None, ("a\nb", "A\nB"), ("b\nc", "B2\nc"))
    add("a hunk twice", "a\nb\n", "a\nB\n", ("b", "B"), ("b", "B"))
    add("a hunk for each of two places", "a\nb\na\n", "A\nb\nA\n", ("a", "A"), ("a", "A"))


def _fuzz(maker: _Maker) -> None:
    add, lines = maker.add, ("aider_diff", "unified_diff", "opencode_patch")
    add(
        "indented, new line deeper",
        "    if a:\n        b()\n",
        "    if a:\n        if c:\n            b()\n",
        ("if a:\n    b()", "if a:\n    if c:\n        b()"),
        dialects=lines,
    )
    add(
        "tabs for two spaces",
        "\tif (a)\n\t\tb();\n",
        "\tif (a)\n\t\tc();\n",
        ("  if (a)\n    b();", "  if (a)\n    c();"),
    )
    add("shift that is not uniform", "    a\n        b\n", None, ("a\nb", "a\nc"), dialects=lines)
    add(
        "depth that cannot be told",
        "if x:\n    y()\n\ttab()\n",
        None,
        ("  tab()", "  tab()\n     more()"),
        dialects=lines,
    )
    add("outdented too far", "a:\n  b\n", None, ("    a:\n      b", "    a:\n      b\n  c"), dialects=lines)
    add("quotes changed on purpose", "say(“a”)\nend()\n", 'say("a")\nend()\n', ("say(“a”)", 'say("a")'))
    add("quotes kept in the rest of a line", "say(“a”, 1)\n", "say(“a”, 2)\n", ('say("a", 1)', 'say("a", 2)'))
    add("two lines for one, quotes kept", "x = ‘a’\n", "x = ‘a’\ny = 'b'\n", ("x = 'a'", "x = 'a'\ny = 'b'"))
    add("dash", "a – b\nc\n", "a – b\nd\n", ("a - b\nc", "a - b\nd"))
    add("no-break space", "a\u00a0= 1\nb\n", "a\u00a0= 1\nc\n", ("a = 1\nb", "a = 1\nc"))
    add("typography at two places", "“a”\n”a“\n", None, ('"a"', '"b"'))
    add("gap", "a\nb\nc\nd\n", "A\nb\nc\nD\n", ("a\n...\nd", "A\n...\nD"))
    add("gap in a comment", "a\nb\nc\nd\n", "A\nb\nc\nd\n", ("a\n# ... more ...\nd", "A\n# ... more ...\nd"))
    add("gap to two places", "a\nb\nd\nc\nd\n", None, ("a\n...\nd", "A\n...\nd"))
    add("gap in the old text alone", "a\nb\nc\nd\n", None, ("a\n...\nd", "z"), dialects=("aider_diff", "native"))
    add("real dots", "def f():\n    ...\n", "def f():\n    return 1\n", ("def f():\n    ...", "def f():\n    return 1"))
    add("spread is no gap", "f({\n  a,\n  ...b,\n});\n", None, ("f({\n  ...c,\n});", "f({\n  ...c,\n  d,\n});"))
    add("blank line lost", "a\n\nb\nc\n", "a\n\nb\nd\n", ("a\nb\nc", "a\nb\nd"))
    add("blank line made up", "a\nb\nc\n", "a\nb\nd\n", ("a\n\nb\nc", "a\n\nb\nd"))
    add("new line where a blank one was lost", "a\n\nb\n", None, ("a\nb", "a\nx\nb"))
    add("lost blank, two places", "a\n\nb\n\na\n\n\nb\n", None, ("a\nb", "a\nc"))
    add("two lost blanks become one deletion", "a\n\nb\nc\n", "c\n", ("a\nb\nc", "c"))
    add("tab at the end", "a\t\nb\n", "a\t\nc\n", ("a\nb", "a\nc"))
    add("part of a word", "alpha = 1\n", None, ("alph", "beth"), dialects=lines)
    add("whole file", "a\nb\n", "c\n", ("a\nb", "c"))


def _bytes(maker: _Maker) -> None:
    add = maker.add
    add("byte order mark", "\ufeffa\nb\n", "\ufeffA\nb\n", ("a", "A"))
    add("mixed endings", b"a\r\nb\nc\r\nd\n", b"a\r\nB\nc\r\nd\n", ("a\nb\nc", "a\nB\nc"))
    add("new lines in CRLF", b"a\r\nb\r\n", b"a\r\nx\r\ny\r\nb\r\n", ("a\nb", "a\nx\ny\nb"))
    add("CRLF, no final newline", b"a\r\nb", b"a\r\nc\r\nd", ("b", "c\nd"))
    add("grown at an end without newline", "a\nb", "a\nb\nc", ("a\nb", "a\nb\nc"))
    add("deleted at an end without newline", "a\nb\n\nc", "a\nb\n", ("b\n\nc", "b\n"), dialects=("native",))
    add("lone carriage return", b"a\rb\nc\n", b"a\rb\nd\n", ("c", "d"))
    add("form feed", "a\n\x0cb\nc\n", "a\n\x0cb\nd\n", ("c", "d"))
    add("line separator in a line", "a\u2028b\nc\n", "a\u2028b\nd\n", ("c", "d"))
    add("not UTF-8", b"a\n\xff\n", None, ("a", "b"))
    add("binary", b"a\n\x00\n", None, ("a", "b"))
    add("empty lines only", "\n\n\n", None, ("", "x"), dialects=("aider_diff",))
    add("nothing to change", "a\nb\n", None, ("a", "a"), dialects=("aider_diff", "native"))
    add("already done", "a\nB\n", None, ("a\nb", "a\nB"))


def _files() -> Iterator[Case]:
    plain = {"f.py": b"a\nb\n"}
    change = [Block(["b"], ["B"])]
    for name, path in (("outside", "../f.py"), ("absolute", "/etc/f.py"), ("git", ".git/config"), ("folder", "src")):
        edits = [FileEdit(path, change)]
        yield Case(f"hand/{name}", "by hand", {**plain, "src/x": b"b\n"}, None, write(edits), native(edits))
    edits = [FileEdit("f.py", change), FileEdit("new.txt", content="x\n"), FileEdit("gone.py")]
    yield Case("hand/all or nothing", "by hand", plain, None, write(edits), native(edits))
    edits = [FileEdit("/workspace/f.py", change)]
    yield Case("hand/workspace", "by hand", plain, {"f.py": b"a\nB\n"}, write(edits), native(edits))
    edits = [FileEdit("f.py/g.py", content="x\n")]
    yield Case("hand/file as folder", "by hand", plain, None, write(edits), native(edits))
    edits = [FileEdit("g.py", move_to="h.py")]
    yield Case("hand/move nothing", "by hand", plain, None, write(edits), native(edits))
    everywhere = (Update("f.py", (Hunk("a", "A", whole_lines=False, everywhere=True),)),)
    yield Case("hand/everywhere", "by hand", {"f.py": b"a\nba\n"}, {"f.py": b"A\nbA\n"}, {}, everywhere)


def _replies() -> Iterator[Case]:
    """Replies that are cut off or quoted."""
    before = {"f.py": b"a\nb\nc\n"}
    search = "f.py\n```\n<<<<<<< SEARCH\nb\n=======\nB\n"
    patch = "*** Begin Patch\n*** Update File: f.py\n@@\n a\n-b\n+B\n"
    for name, dialect, text in (
        ("no REPLACE", "aider_diff", search + "```\n"),
        ("no divider", "aider_diff", search.replace("=======\n", "") + ">>>>>>> REPLACE\n```\n"),
        ("no path", "aider_diff", search.removeprefix("f.py\n") + ">>>>>>> REPLACE\n```\n"),
        ("no end", "opencode_patch", patch),
        ("no fence at the end", "unified_diff", "```diff\n--- a/f.py\n+++ b/f.py\n@@ -1,2 +1,2 @@\n a\n-b\n+B"),
        ("quoted", "aider_diff", "````\n" + search + ">>>>>>> REPLACE\n```\n````\n"),
    ):
        yield Case(f"hand/{name}", "by hand", before, None, {dialect: text}, None)
