"""The dialects that call any tool, and the one for the shell; form by form."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.base import UsageError
from loopwright.runtime.calls import Call, Parsed
from loopwright.runtime.dialects import ParseOptions, get_dialect, render


def read(dialect: str, text: str, options: ParseOptions | None = None) -> list[tuple[str, dict[str, Any] | None]]:
    parsed = get_dialect(dialect).parse(text, 1, options)
    assert parsed.malformed == ()
    return [(call.tool, call.arguments) for call in parsed.calls]


def fault(dialect: str, text: str) -> str:
    parsed = get_dialect(dialect).parse(text, 1)
    assert parsed.calls == ()
    (malformed,) = parsed.malformed
    return f"{malformed.line}: {malformed.found} | {malformed.expected}"


class TestPythonic:
    @pytest.mark.parametrize(
        ("body", "arguments"),
        [
            ('f(a=1, b="x")', {"a": 1, "b": "x"}),
            ("\nf(\n  a=1,\n  b='x',\n)\n", {"a": 1, "b": "x"}),
            ("f()", {}),
            ("f(a=-1.5, b=[1, (2, 3)], c={'d': None})", {"a": -1.5, "b": [1, [2, 3]], "c": {"d": None}}),
            ("f(a=true, b=null, c=[false])", {"a": True, "b": None, "c": [False]}),
            ('f(a="""x\n"y"\n""")', {"a": 'x\n"y"\n'}),
            ('f(a="</TOOL_CALL>")', {"a": "</TOOL_CALL>"}),
            ('f(**{"from": 1}, a=2)', {"from": 1, "a": 2}),
            (r'f(a="\d\n")', {"a": "\\d\n"}),
            ('f(a="ä" "b")', {"a": "äb"}),
        ],
    )
    def test_literals(self, body: str, arguments: dict[str, Any]) -> None:
        assert read("pythonic", f"Hm.\n<TOOL_CALL>{body}</TOOL_CALL>\n") == [("f", arguments)]

    def test_several_calls_in_one_pair_of_tags_have_their_own_spans(self) -> None:
        text = '<TOOL_CALL>\nä.b(x="ö"); c-d()\ne(x=1)\n</TOOL_CALL>'
        parsed = get_dialect("pythonic").parse(text, 2)
        assert [call.tool for call in parsed.calls] == ["ä.b", "c-d", "e"]
        assert [call.raw for call in parsed.calls] == ['ä.b(x="ö")', "c-d()", "e(x=1)"]
        assert [call.call_id for call in parsed.calls] == ["text_2_1", "text_2_2", "text_2_3"]
        assert parsed.prose == ""

    def test_identical_calls_stay_two(self) -> None:
        assert len(read("pythonic", "<TOOL_CALL>f(a=1)</TOOL_CALL>\n" * 2)) == 2

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("f(1)", "1: f(1)"),
            ("f(a=open('x'))", "open('x')"),
            ("f(a=b)", "1: b |"),
            ("f(a=1", "1: f(a=1"),
            ("\n\nf(a=)", "3: f(a=)"),
            ("", "nothing between the tags"),
            ("f(a=1, a=2)", "1: a=2"),
            ("f(a=b'x')", "b'x'"),
            ("f(a={1, 2})", "{1, 2}"),
            ("f(a={1: 2})", "{1: 2}"),
            ("f(a=1e999)", "1e309"),
            ("f(**{'a': 1}, a=2)", "a=2"),
            ("f(*[1])", "f(*[1])"),
            ("x = f(a=1)", "x = f(a=1)"),
            ("import os", "import os"),
            ("f(a=1)\nf(2)", "2: f(2)"),
            ("f(a=1)(b=2)", "f(a=1)"),
            ("f(a='\0')", "| name("),
        ],
    )
    def test_all_else_is_malformed_and_nothing_is_called(self, body: str, said: str) -> None:
        assert said in fault("pythonic", f"<TOOL_CALL>{body}</TOOL_CALL>")

    def test_an_unclosed_tag_takes_the_rest(self) -> None:
        assert "that is not closed" in fault("pythonic", "<TOOL_CALL>f(a=1)\n<TOOL_CALL>g()")


class TestBashBlock:
    @pytest.mark.parametrize(
        ("text", "commands"),
        [
            ("<BASH>ls</BASH>", ["ls"]),
            ("<BASH>\nls\n</BASH>", ["ls"]),
            ("<BASH>\n  ls\n\nmake</BASH>", ["  ls\n\nmake"]),
            ("<BASH>cd x\nmake\n</BASH>", ["cd x\nmake"]),
            ("<BASH>ls</BASH> <BASH>pwd</BASH><BASH>id</BASH>", ["ls", "pwd", "id"]),
            ('<BASH>\ngrep "</BASH>" f\n</BASH>', ['grep "</BASH>" f']),
            ("<BASH>\r\nls\r\nmake\r\n</BASH>\r\n", ["ls\nmake"]),
            ("<BASH>\necho '```'\n```\n</BASH>", ["echo '```'\n```"]),
            ("<BASH>\necho `date`\n</BASH>", ["echo `date`"]),
        ],
    )
    def test_its_forms(self, text: str, commands: list[str]) -> None:
        assert read("bash_block", text) == [("run_shell", {"command": command}) for command in commands]

    def test_the_tool_and_its_argument_are_those_of_the_run(self) -> None:
        options = ParseOptions(shell_tool="bash", shell_argument="script")
        assert read("bash_block", "<BASH>ls</BASH>", options) == [("bash", {"script": "ls"})]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("<BASH>ls", "<BASH> that is not closed"),
            ("<BASH>\n</BASH>", "without a command"),
            ('<BASH>grep "</BASH>" f</BASH>', "where the command ends"),
            ("<BASH>\ncat <<E > x\n<BASH>\nls\n</BASH>\nE\n</BASH>\n", "where the command ends"),
            ("<BASH>\nrm -rf x\n</BASH>\n/y\n</BASH>\n", "where the command ends"),
            ("I run <BASH>ls</BASH>", "in the middle of a line"),
            ("I run <BASH>\nls\n</BASH>", "in the middle of a line"),
            ("the ` key\n<BASH>ls</BASH>\nand ` again", "in inline code"),
        ],
    )
    def test_what_is_unclear_is_not_run(self, text: str, said: str) -> None:
        assert said in fault("bash_block", text)

    @pytest.mark.parametrize(
        "text",
        [
            "`<BASH>ls</BASH>`",
            "```\n<BASH>ls</BASH>\n```",
            "The <BASH> tag begins.",
            "<bash>ls</bash>",
            "``x `<BASH>ls</BASH>` y``",
        ],
    )
    def test_a_mention_is_prose(self, text: str) -> None:
        assert get_dialect("bash_block").parse(text, 1) == Parsed((), (), text)

    def test_only_the_shell_tool_can_be_written(self) -> None:
        for call in (
            Call("", "other", {"command": "ls"}, ""),
            Call("", "run_shell", {"command": "ls", "timeout": 1}, ""),
        ):
            with pytest.raises(UsageError, match="cannot write"):
                render("bash_block", call)


class TestXml:
    def wrapped(self, *parameters: str) -> str:
        inner = "".join(f"<parameter {each}</parameter>\n" for each in parameters)
        return f'<function_calls>\n<invoke name="f">\n{inner}</invoke>\n</function_calls>'

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ('name="x">a b', "a b"),
            ('name="x">10', 10),
            ('name="x">[1, "a"]', [1, "a"]),
            ('name="x">"a"', '"a"'),
            ('name="x" type="string">10', "10"),
            ('name="x" type="json">"a"', "a"),
            ('name="x">\na\nb\n', "a\nb\n"),
            ('name="x">\na\n', "a"),
            ('name="x">\n\na\n', "\na\n"),
            ('name="x">', ""),
            ('name="x">a &lt; <b> </parameter> c', "a &lt; <b> </parameter> c"),
        ],
    )
    def test_values(self, written: str, value: Any) -> None:
        assert read("xml", self.wrapped(written)) == [("f", {"x": value})]

    def test_the_schema_of_the_tool_decides_where_it_is_known(self) -> None:
        options = ParseOptions(schemas={"f": {"x": {"type": "string"}, "y": {"type": "integer"}}})
        assert read("xml", self.wrapped('name="x">10', 'name="y">10'), options) == [("f", {"x": "10", "y": 10})]
        text = render("xml", Call("", "f", {"x": "10", "y": 10}, ""), options)
        assert text == self.wrapped('name="x">10', 'name="y">10')

    def test_a_single_invoke_and_several(self) -> None:
        one = '<invoke name="f">\n<parameter name="x">1</parameter>\n</invoke>'
        assert read("xml", f"Well:\n{one}\nDone.") == [("f", {"x": 1})]
        assert read("xml", f"<function_calls>{one}\n{one}</function_calls>") == [("f", {"x": 1})] * 2

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("<function_calls>\n</function_calls>", '2: </function_calls> | <invoke name="tool">'),
            (
                '<function_calls>\n<invoke name="list_dir">\n</invoke>\nAnd so on.',
                '4: And so on. | </function_calls> or another <invoke name="tool">',
            ),
            ('<invoke name="f">\n<parameter name="x">1\n</invoke>', "</parameter> after the value"),
            ('<invoke name="f">\n<param name="x">1</param>\n</invoke>', '2: <param name="x">'),
            ('<invoke name="f">\n', "2: the end of the text"),
            ('<function_calls>\n<invoke name="f">\n</invoke>\nand then', "4: and then"),
        ],
    )
    def test_what_is_broken_is_said(self, text: str, said: str) -> None:
        assert said in fault("xml", text)

    def test_twice_the_same_parameter_and_bad_json(self) -> None:
        assert "a second x" in fault("xml", self.wrapped('name="x">1', 'name="x">2'))
        assert "JSON as the value of x" in fault("xml", self.wrapped('name="x" type="json">{'))


class TestJsonBlock:
    @pytest.mark.parametrize(
        "entry",
        [
            '{"function": "f", "arguments": {"a": "\\n"}}',
            '{"name": "f", "arguments": {"a": "\\n"}}',
            '{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\\"a\\": \\"\\\\n\\"}"}}',
        ],
    )
    def test_its_forms(self, entry: str) -> None:
        assert read("json_block", f'```json\n{{\n "tool_calls": [{entry}]\n}}\n```\n') == [("f", {"a": "\n"})]

    def test_each_call_has_its_own_span(self) -> None:
        text = 'ä\n```json\n{"tool_calls": [{"name": "f"}, {"name": "g", "arguments": {"x": []}}]}\n```\nz'
        parsed = get_dialect("json_block").parse(text, 1)
        assert [call.raw for call in parsed.calls] == ['{"name": "f"}', '{"name": "g", "arguments": {"x": []}}']
        assert parsed.prose == "ä\nz"

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ('{"tool_calls": [{"name": "f",}]}', "double quotes"),
            ('{"tool_calls": [{"name": "f", "arguments": {"a": 1, "a": 2}}]}', "a key is there twice"),
            ('{"tool_calls": [{"name": "f", "arguments": {"a": NaN}}]}', "NaN is not JSON"),
            ('{"tool_calls": [{"name": "f"}], "x": 1}', "another shape"),
            ('{"tool_calls": []}', "another shape"),
            ('{"tool_calls": [{"name": "f", "args": {}}]}', "args"),
            ('{"tool_calls": [{"name": "f", "arguments": "{"}]}', "not JSON"),
            ('{"tool_calls": [{"name": "f", "arguments": [1]}]}', '"arguments": [1]'),
            ('{"tool_calls": [{"name": "f"}]} x', "something follows"),
            ('{"tool_calls": [{"name": "f", "arguments": {"a": ' + "1" * 5000 + "}}]}", "a number is too long"),
        ],
    )
    def test_what_is_broken_is_said(self, body: str, said: str) -> None:
        assert said in fault("json_block", f"```json\n{body}\n```")

    def test_other_json_and_other_labels_are_prose(self) -> None:
        call = '{"tool_calls": [{"name": "f"}]}'
        for text in (
            '```json\n{"a": 1}\n```',
            f"```\n{call}\n```",
            f"```jsonc\n{call}\n```",
            call,
            f"````md\n```json\n{call}\n```\n````",
        ):
            assert get_dialect("json_block").parse(text, 1) == Parsed((), (), text)


class TestYamlCommand:
    def test_blocks_words_and_numbers(self) -> None:
        text = (
            "```yaml\ntools:\n  - name: f\n    args:\n      yes: no\n      day: 2024-01-01\n      octal: 0o10\n"
            "      n: -1.5e3\n      t: [true, null, ~, 'true']\n      c: |\n        a\n        ```\n"
            "      s: >-\n        x\n        y\n  - name: g\n```\n"
        )
        arguments = {
            **{"yes": "no", "day": "2024-01-01", "octal": "0o10", "n": -1500.0, "t": [True, None, None, "true"]},
            **{"c": "a\n```\n", "s": "x y"},
        }
        assert read("yaml_command", text) == [("f", arguments), ("g", {})]

    def test_each_call_has_its_own_span(self) -> None:
        text = "ä\n```yaml\ntools:\n- name: f\n  args: {x: ö}\n- name: g\n```\nz"
        parsed = get_dialect("yaml_command").parse(text, 1)
        assert [call.raw for call in parsed.calls] == ["name: f\n  args: {x: ö}", "name: g"]
        assert parsed.prose == "ä\nz"

    def test_code_is_shown_as_a_block(self) -> None:
        text = render("yaml_command", Call("", "write_file", {"path": "a.py", "content": "def f():\n    pass\n"}, ""))
        assert "content: |\n        def f():\n            pass\n" in text

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("tools: [", "did not find"),
            ("tools: f", "another shape"),
            ("tools: []", "an empty list"),
            ("tools:\n- f", "3: - f"),
            ("tools:\n- name: f\n  arguments: {}", "3: - name: f"),
            ("tools:\n- name: f\n  args: {a: 1, a: 2}", "twice"),
            ("tools:\n- name: f\n  args: {a: &x [1], b: *x}", "4: an anchor"),
            ("tools:\n- name: f\n  args: {a: !!python/name:os.system ''}", "an anchor, an alias or a tag"),
            ("tools:\n- name: f\nmore: 1", "another shape"),
            ("tools:\n- name: f\n---\ntools: []", "but found another document"),
            ("tools: " + "[" * 200, "nested too deeply"),
        ],
    )
    def test_what_is_broken_is_said(self, body: str, said: str) -> None:
        assert said in fault("yaml_command", f"```yaml\n{body}\n```")

    def test_other_yaml_is_prose(self) -> None:
        for text in ("```yaml\na: 1\n```", "```yml\ntools:\n- name: f\n```", "tools:\n- name: f\n"):
            assert get_dialect("yaml_command").parse(text, 1) == Parsed((), (), text)


def test_the_providers_own_calls_have_no_text() -> None:
    text = "<BASH>ls</BASH>"
    assert get_dialect("provider_native").parse(text, 1) == Parsed((), (), text)
    with pytest.raises(UsageError, match="cannot write"):
        render("provider_native", Call("", "f", {}, ""))


def test_an_unknown_dialect_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean `aider_diff`"):
        get_dialect("aider_dif")
