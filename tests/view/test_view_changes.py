from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.record import FileChange, Payload, ToolUse
from loopwright.view._changes import change_words, line_counts

UNIFIED = """diff --git a/x.c b/x.c
--- a/x.c
+++ b/x.c
@@ -1,2 +1,3 @@
 int main;
-return;
+int x;
+return x;
"""
APPLY = """*** Begin Patch
*** Update File: src/a.py
@@ def f():
-    return 1
+    return 2
*** Add File: b.py
+one
+two
*** End Patch
"""


def tool(arguments: Any) -> ToolUse:
    return ToolUse("edit", "c", Payload(value=arguments))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"path": "a", "old": "x\ny", "new": "x\nz\nz"}, {"a": (2, 1)}),
        ({"file_path": "a", "old_string": "x", "new_string": "x"}, {"a": (0, 0)}),
        ({"filePath": "a", "oldString": "", "newString": "x"}, {"a": (1, 0)}),
        ({"input": APPLY}, {"src/a.py": (1, 1), "b.py": (2, 0)}),
        ({"patch": UNIFIED}, {"x.c": (2, 1)}),
        ({"path": "a", "content": "whole"}, {}),
        ({"path": 3, "old": 4, "new": None}, {}),
        (["ls"], {}),
        (None, {}),
    ],
)
def test_counts_are_read_from_what_agents_send(arguments: Any, expected: dict[str, tuple[int, int]]) -> None:
    assert line_counts(tool(arguments)) == expected


def test_a_patch_part_is_counted_from_its_text() -> None:
    assert line_counts(None, Payload(value=UNIFIED)) == {"x.c": (2, 1)}


def test_words_say_what_is_known_and_no_more() -> None:
    written = tool({"path": "/workspace/a.py", "content": "1\n2\n"})
    assert change_words(FileChange("a.py", "added"), {}, written) == "a.py +2 -0"
    assert change_words(FileChange("a.py", "modified"), {}, written) == "a.py modified"
    assert change_words(FileChange("b.py", "deleted"), {}, written) == "b.py deleted"
    assert change_words(FileChange("c/b.py", "modified"), {"/workspace/c/b.py": (3, 1)}) == "c/b.py +3 -1"


_LINES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@given(_LINES, _LINES)
def test_an_edit_is_never_counted_smaller_than_its_smallest_diff(old: list[str], new: list[str]) -> None:
    added, removed = line_counts(tool({"path": "f", "old": "\n".join(old), "new": "\n".join(new)}))["f"]
    assert added - removed == len(new) - len(old)
    smallest = sum(not line.startswith("  ") for line in difflib.ndiff(old, new) if line[0] in "+- ")
    assert (added + removed == 0) == (old == new)
    assert added + removed >= abs(len(new) - len(old))
    assert smallest == 0 or added + removed > 0


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_arguments_are_taken(arguments: Any) -> None:
    assert isinstance(line_counts(tool(arguments), Payload(value=arguments)), dict)
