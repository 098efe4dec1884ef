"""The three edit dialects, form by form."""

from __future__ import annotations

import pytest

from loopwright.runtime.dialects import ParseOptions, get_dialect
from loopwright.runtime.edits.operations import Create, Delete, Hunk, Move, Operation, Update

CHANGE = Update("src/a.py", (Hunk("old\n", "new\n"),))
BODY = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"


def operations(dialect: str, text: str, options: ParseOptions | None = None) -> list[tuple[Operation, ...] | None]:
    parsed = get_dialect(dialect).parse(text, 1, options)
    assert parsed.malformed == ()
    return [call.operations for call in parsed.calls]


def fault(dialect: str, text: str, options: ParseOptions | None = None) -> str:
    parsed = get_dialect(dialect).parse(text, 1, options)
    assert parsed.calls == ()
    (malformed,) = parsed.malformed
    return f"{malformed.line}: {malformed.found} | {malformed.expected}"


class TestAiderDiff:
    @pytest.mark.parametrize(
        "text",
        [
            f"src/a.py\n```python\n{BODY}```\n",
            f"I do it.\n\nsrc/a.py\n\n```\n{BODY}```",
            f"```\nsrc/a.py\n{BODY}```\n",
            f"src/a.py\n{BODY}",
            f"`src/a.py`\n```\n{BODY}```\n",
            f"**src/a.py**:\n```\n{BODY}```\n",
            f"### `src/a.py`\n```\n{BODY}```\n",
            f"File: src/a.py\n```\n{BODY}```\n",
            f"src/a.py\n````\n{BODY}````\n",
            f"src/a.py\n```\n{BODY}",
            f"src/a.py\n```\n{BODY}```\n".replace("\n", "\r\n"),
            f"  src/a.py\n  ```\n{BODY}  ```\n",
            "src/a.py\n```\n<<<<<<<<< SEARCH\nold\n=========\nnew\n>>>>>>>>> REPLACE\n```\n",
        ],
    )
    def test_its_forms(self, text: str) -> None:
        assert operations("aider_diff", text) == [(CHANGE,)]

    def test_an_empty_search_creates_and_an_empty_replace_deletes(self) -> None:
        text = "n.py\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n\n"
        text += "src/a.py\n<<<<<<< SEARCH\nold\n=======\n>>>>>>> REPLACE\n"
        assert operations("aider_diff", text) == [(Create("n.py", "x\n"), Update("src/a.py", (Hunk("old\n", ""),)))]

    def test_blocks_of_one_fence_are_one_call(self) -> None:
        (call,) = operations("aider_diff", f"src/a.py\n```\n{BODY}{BODY}src/b.py\n{BODY}```\n")
        twice = Update("src/a.py", CHANGE.hunks * 2)
        assert call == (twice, Update("src/b.py", CHANGE.hunks))

    def test_separate_fences_are_separate_calls(self) -> None:
        assert operations("aider_diff", f"src/a.py\n```\n{BODY}```\nand\nsrc/a.py\n```\n{BODY}```\n") == [(CHANGE,)] * 2

    def test_fences_in_the_code_are_code(self) -> None:
        text = "a.md\n```\n<<<<<<< SEARCH\n```sh\nx\n```\n=======\ny\n>>>>>>> REPLACE\n```\nbye"
        assert operations("aider_diff", text) == [(Update("a.md", (Hunk("```sh\nx\n```\n", "y\n"),)),)]

    def test_creation_is_refused_where_the_config_prefers_a_tool(self) -> None:
        text = "n.py\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n"
        options = ParseOptions(prefer_write_file_tool=True, write_tool="put")
        assert "a call of put" in fault("aider_diff", text, options)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (f"Here it is.\n```\n{BODY}```", "3: a SEARCH block without a path"),
            (f"**Fix the bug**\n```\n{BODY}```", "without a path"),
            ("a.py\n<<<<<<< SEARCH\nx\n=======\ny\n", "2: a SEARCH block that does not end"),
            ("a.py\n<<<<<<< SEARCH\nx\n>>>>>>> REPLACE\n", "0 lines that divide"),
            ("a.py\n<<<<<<< SEARCH\nx\n=======\ny\n=======\nz\n>>>>>>> REPLACE\n", "6: 2 lines that divide"),
            ("a.py\n<<<<<<< SEARCH\nx\n<<<<<<< SEARCH\ny\n=======\nz\n>>>>>>> REPLACE\n", "4: a second SEARCH"),
        ],
    )
    def test_what_is_broken_is_said(self, text: str, said: str) -> None:
        assert said in fault("aider_diff", text)

    def test_after_a_broken_block_the_next_one_is_read(self) -> None:
        text = f"oops, no path here\n```\n{BODY}```\n\nsrc/a.py\n```\n{BODY}```\n"
        parsed = get_dialect("aider_diff").parse(text, 1)
        assert len(parsed.malformed) == 1
        assert [call.operations for call in parsed.calls] == [(CHANGE,)]


class TestUnifiedDiff:
    HUNK = "@@ -3,2 +3,2 @@ def f():\n kept\n-old\n+new\n"
    FILE = f"--- a/src/a.py\n+++ b/src/a.py\n{HUNK}"
    MEANT = Update("src/a.py", (Hunk("kept\nold\n", "kept\nnew\n", anchors=("def f():",), line=3),))

    @pytest.mark.parametrize(
        "text",
        [
            f"```diff\n{FILE}```\n",
            f"```patch\n{FILE}```\n",
            f"~~~diff\n{FILE}~~~\n",
            f"Now:\n{FILE}",
            f"diff --git a/src/a.py b/src/a.py\nindex 1..2 100644\n{FILE}",
            f"{FILE}\n- That was the change.\n",
            f"{FILE}Done.\n",
            f"```diff\n{FILE}\n\n```\n".replace("\n", "\r\n"),
            f"```diff\n{FILE}```\n".replace("a/src", "src").replace("b/src", "src"),
            f"```diff\n{FILE}```\n".replace("a/src/a.py", "a/src/a.py\t2024-01-01 00:00:00"),
            f"```diff\n{FILE}```\n".replace(" kept", "kept"),
        ],
    )
    def test_its_forms(self, text: str) -> None:
        assert operations("unified_diff", text) == [(self.MEANT,)]

    @pytest.mark.parametrize("head", ["@@ ... @@", "@@", "@@ @@"])
    def test_hunks_without_numbers(self, head: str) -> None:
        text = f"```diff\n--- a/x\n+++ b/x\n{head}\n-old\n+new\n```"
        assert operations("unified_diff", text) == [(Update("x", (Hunk("old\n", "new\n"),)),)]

    def test_dev_null_creates_and_deletes(self) -> None:
        text = (
            "```diff\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1,2 @@\n+x\n+\n"
            "--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n"
            "--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+no newline\n\\ No newline at end of file\n```"
        )
        assert operations("unified_diff", text) == [
            (Create("n.py", "x\n\n"), Delete("old.py"), Create("m", "no newline"))
        ]

    def test_renames_with_and_without_changes(self) -> None:
        head = "diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n"
        assert operations("unified_diff", head) == [(Move("x", "y"),)]
        text = f"{head}--- a/x\n+++ b/y\n@@ -1 +1 @@\n-old\n+new\n"
        assert operations("unified_diff", text) == [(Update("x", (Hunk("old\n", "new\n", line=1),), "y"),)]

    def test_empty_files_and_quoted_names(self) -> None:
        text = 'diff --git "a/t\\303\\244.txt" "b/t\\303\\244.txt"\nnew file mode 100644\nindex 0000000..e69de29\n'
        assert operations("unified_diff", text) == [(Create("tä.txt", ""),)]
        assert operations("unified_diff", "diff --git a/a b b/a b\ndeleted file mode 100644\n") == [(Delete("a b"),)]

    def test_an_insertion_knows_its_line(self) -> None:
        text = "```diff\n--- a/x\n+++ b/x\n@@ -5,0 +6 @@\n+new\n```"
        assert operations("unified_diff", text) == [(Update("x", (Hunk("", "new\n", line=6),)),)]

    def test_use_dev_null_decides_whether_only_additions_create(self) -> None:
        text = "```diff\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+new\n```"
        assert operations("unified_diff", text, ParseOptions(use_dev_null=False)) == [(Create("x", "new\n"),)]
        strict = operations("unified_diff", text, ParseOptions(use_dev_null=True))
        assert strict == [(Update("x", (Hunk("", "new\n", line=1),)),)]

    def test_lines_that_look_like_headers_are_lines(self) -> None:
        # A removed `-- c` has no `+++` below that could make it a header.
        text = "```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n--- a/y\n```"
        assert operations("unified_diff", text) == [(Update("x", (Hunk("a\n-- a/y\n", "b\n", line=1),)),)]
        text = "```diff\n--- a/x.sql\n+++ b/x.sql\n@@ ... @@\n--- c\n+++ d\n@@ ... @@\n+e\n```"
        hunks = (Hunk("-- c\n", "++ d\n"), Hunk("", "e\n"))
        assert operations("unified_diff", text) == [(Update("x.sql", hunks),)]
        text = "```diff\n--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- c\n+++ d\n same\n```"
        assert operations("unified_diff", text) == [(Update("x.sql", (Hunk("-- c\nsame\n", "++ d\nsame\n", line=1),)),)]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("```diff\n@@ -1 +1 @@\n-a\n+b\n```", "2: @@ -1 +1 @@"),
            ("```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n", "1: a diff fence that does not end"),
            ("```diff\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n```", "two paths, x and y"),
            ("```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\n```", "changes nothing"),
            ("```diff\n--- /dev/null\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n```", "only lines that begin with +"),
            ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "2: old mode 100644"),
            ("diff --git a/x b/x\nGIT binary patch\n", "changed with the shell"),
            ("diff --git a/x b/y\ncopy from x\ncopy to y\n", "a new file instead of a copy"),
        ],
    )
    def test_what_is_broken_is_said(self, text: str, said: str) -> None:
        assert said in fault("unified_diff", text)

    @pytest.mark.parametrize(
        "text",
        [
            "```diff\n- old idea\n+ new idea\n```",
            "```Diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n```",
            "```\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n```",
            "````text\n```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n```\n````",
            "--- a heading\ntext\n",
            "diff --git is a command.\n",
        ],
    )
    def test_what_only_looks_like_one_is_prose(self, text: str) -> None:
        parsed = get_dialect("unified_diff").parse(text, 1)
        assert (parsed.calls, parsed.malformed, parsed.prose) == ((), (), text)


class TestOpencodePatch:
    PATCH = "*** Begin Patch\n*** Update File: src/a.py\n@@\n-old\n+new\n*** End Patch\n"

    @pytest.mark.parametrize(
        "text",
        [
            PATCH,
            f"Now:\n{PATCH}Done.",
            f"```patch\n{PATCH}```\n",
            f"```diff\n{PATCH}```",
            PATCH.replace("@@\n", ""),
            PATCH.replace("\n", "\r\n"),
            PATCH.replace("+new\n", "+new\n\n"),
        ],
    )
    def test_its_forms(self, text: str) -> None:
        parsed = get_dialect("opencode_patch").parse(text, 1)
        assert [call.operations for call in parsed.calls] == [(CHANGE,)]
        assert "Patch" not in parsed.prose
        assert "```" not in parsed.prose

    def test_lines_after_the_end_of_the_file_are_another_hunk(self) -> None:
        text = "*** Begin Patch\n*** Update File: a\n@@\n-x\n*** End of File\n-y\n*** End Patch"
        assert operations("opencode_patch", text) == [(Update("a", (Hunk("x\n", "", at_end=True), Hunk("y\n", ""))),)]

    def test_all_that_a_patch_can_say(self) -> None:
        text = (
            "*** Begin Patch\n*** Add File: n.txt\n+a\n+\n*** Delete File: o.txt\n"
            "*** Update File: p.py\n*** Move to: q.py\n@@ class A:\n@@   def f(self):\n kept\n\n-old\n+new\n"
            "*** End of File\n*** Update File: r.py\n*** Move to: s.py\n"
            "*** Update File: t.py\n@@ -7,1 +7,1 @@ def g():\n-x\n*** End Patch\n"
        )
        hunk = Hunk("kept\n\nold\n", "kept\n\nnew\n", anchors=("class A:", "def f(self):"), at_end=True)
        meant = (
            Create("n.txt", "a\n\n"),
            Delete("o.txt"),
            Update("p.py", (hunk,), "q.py"),
            Move("r.py", "s.py"),
            Update("t.py", (Hunk("x\n", "", anchors=("def g():",), line=7),)),
        )
        assert operations("opencode_patch", text) == [meant]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("*** Begin Patch\n*** Update File: a\n@@\n-x\n", "1: a patch that does not end"),
            ("*** Begin Patch\n*** End Patch\n", "an empty patch"),
            ("*** Begin Patch\n*** Update File: a\n@@\n x\n*** End Patch", "2: *** Update File: a"),
            ("*** Begin Patch\n*** Add File: a\nx\n*** End Patch", "3: x | a + before each line"),
            ("*** Begin Patch\n@@\n-x\n*** End Patch", "2: @@"),
            ("*** Begin Patch\n*** Rename File: a\n*** End Patch", "2: *** Rename File: a"),
            ("*** Begin Patch\n*** Delete File: a\n-x\n*** End Patch", "3: -x"),
            ("*** Begin Patch\n*** Update File: a\n*** End of File\n*** End Patch", "lines of a hunk before"),
        ],
    )
    def test_what_is_broken_is_said(self, text: str, said: str) -> None:
        assert said in fault("opencode_patch", text)

    @pytest.mark.parametrize(
        "text", [f"```\n{PATCH}```", f"```text\n{PATCH}```", f"Write `{PATCH}`", " *** Begin Patches"]
    )
    def test_what_is_quoted_is_prose(self, text: str) -> None:
        assert get_dialect("opencode_patch").parse(text, 1).calls == ()
