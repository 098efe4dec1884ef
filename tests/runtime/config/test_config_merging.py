"""`extends`, `!append`, `!unset`, and where each value comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.base import UsageError
from loopwright.runtime.config import LoadedConfig, load_config
from loopwright.runtime.config.explain import explain

BASE = """\
version: 2
profile: {name: base, seed: 7}
providers:
  default_model: openai/a
  models: [{id: "openai/*", adapter: openai_chat}]
tools:
  registry: {paths: ["@core"], include: [read_file, finish]}
  aliases: {look: read_file}
modes:
  - name: build
"""


def files(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "top.yaml"


def test_mappings_merge_and_lists_are_replaced(tmp_path: Path) -> None:
    top = """\
version: 2
extends: base.yaml
profile: {name: top}
tools: {registry: {include: [finish]}, aliases: {look: finish, end: finish}}
"""
    loaded = load_config(files(tmp_path, base=BASE, top=top))
    assert loaded.config.tools.aliases == {"look": "finish", "end": "finish"}
    assert loaded.config.tools.registry.include == ("finish",)
    assert loaded.name == "top"
    assert loaded.config.profile.seed == 7
    assert [path.name for path in loaded.files[:2]] == ["base.yaml", "top.yaml"]
    assert [str(row.origins[0]).endswith("base.yaml:2") for row in explain(loaded, "profile.seed")] == [True]


def test_what_is_inherited_is_checked_against_the_whole(tmp_path: Path) -> None:
    top = files(tmp_path, base=BASE, top="version: 2\nextends: base.yaml\ntools: {registry: {include: [finish]}}\n")
    with pytest.raises(UsageError, match=r"tools.aliases.look: there is no tool 'read_file'") as caught:
        load_config(top)
    assert str(caught.value.where).endswith("base.yaml:8")


def test_append_and_unset(tmp_path: Path) -> None:
    top = """\
version: 2
extends: base.yaml
profile: {seed: !unset }
tools:
  registry:
    include: !append [run_shell]
  aliases: !unset
"""
    loaded = load_config(files(tmp_path, base=BASE, top=top))
    assert loaded.config.tools.registry.include == ("read_file", "finish", "run_shell")
    assert loaded.config.tools.aliases == {}
    assert loaded.config.profile.seed is None
    (row,) = explain(loaded, "tools.registry.include")
    assert [(origin.file.name, origin.line) for origin in row.origins] == [("base.yaml", 7), ("top.yaml", 6)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("features: !unset", "`features` is not inherited"),
        ("tools: {aliases: {find: !unset }}", "`find` is not inherited"),
        ("modes: !append {name: x}", "!append is for a list"),
        ("concurrency: {at_most_one_of: !append [finish]}", "`at_most_one_of` inherits no list"),
        ("profile: !append [a]", "`profile` inherits no list"),
        ("modes: [!unset ]", "!unset takes a key away"),
        ("modes: [{name: build, prompt: !unset }]", "`prompt` is not inherited"),
    ],
)
def test_tags_that_have_nothing_to_act_on(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_config(files(tmp_path, base=BASE, top=f"version: 2\nextends: base.yaml\n{line}\n"))
    assert str(caught.value.where).endswith("top.yaml:3")


def test_of_several_bases_the_last_wins_and_a_diamond_is_fine(tmp_path: Path) -> None:
    loaded = load_config(
        files(
            tmp_path,
            base=BASE,
            left="version: 2\nextends: base.yaml\nprofile: {name: left, seed: 1}\n",
            right="version: 2\nextends: base.yaml\nprofile: {description: right}\n",
            top="version: 2\nextends: [left.yaml, right.yaml]\n",
        )
    )
    profile = loaded.config.profile
    assert (profile.name, profile.seed, profile.description) == ("base", 7, "right")
    assert [path.name for path in loaded.files[:4]] == ["base.yaml", "left.yaml", "right.yaml", "top.yaml"]


def test_circles_are_named(tmp_path: Path) -> None:
    top = files(tmp_path, top="extends: b.yaml\n", b="version: 2\nextends: ./c.yaml\n", c="extends: [top.yaml]\n")
    with pytest.raises(UsageError, match=r"in a circle: top\.yaml -> b\.yaml -> c\.yaml -> top\.yaml") as caught:
        load_config(top)
    assert str(caught.value.where).endswith("c.yaml:1")


@pytest.mark.parametrize("written", ["3", "{a: b}", "[[a.yaml]]"])
def test_extends_names_files(tmp_path: Path, written: str) -> None:
    with pytest.raises(UsageError, match="is the name of a file"):
        load_config(files(tmp_path, top=f"extends: {written}\n"))


def test_a_missing_base_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"top.yaml:1: it extends .*none.yaml, which is not there. Check the path."):
        load_config(files(tmp_path, top="extends: none.yaml\n"))


def test_paths_belong_to_the_file_that_writes_them(tmp_path: Path) -> None:
    (tmp_path / "deep" / "p").mkdir(parents=True)
    (tmp_path / "deep" / "p" / "s.md").write_text("system")
    (tmp_path / "deep" / "base.yaml").write_text(
        BASE
        + "prompts: {packs: {b: {s: p/s.md}}, injection: {system_order: ['@pack(b).s']}}\nlogging: {root_dir: logs}\n"
    )
    loaded = load_config(files(tmp_path, top="version: 2\nextends: deep/base.yaml\ntelemetry: {database_path: t.db}\n"))
    assert loaded.config.prompts.packs["b"]["s"] == tmp_path / "deep" / "p" / "s.md"
    assert loaded.config.logging.root_dir == tmp_path / "deep" / "logs"
    assert loaded.config.telemetry.database_path == tmp_path / "t.db"


def explained(loaded: LoadedConfig, key: str) -> list[tuple[str, object, list[int]]]:
    return [(row.key, row.value, [origin.line for origin in row.origins]) for row in explain(loaded, key)]


def test_explain_shows_values_and_lines(tmp_path: Path) -> None:
    top = BASE + 'loop: {sequence: [{if: "replies < 3", then: {mode: build}}]}\n'
    loaded = load_config(files(tmp_path, top=top))
    assert explained(loaded, "profile") == [
        ("profile.name", "base", [2]),
        ("profile.description", "", []),
        ("profile.seed", 7, [2]),
    ]
    assert ("loop.sequence[0].then[0].mode", "build", [11]) in explained(loaded, "loop")
    assert ("loop.sequence[0].mode", None, []) in explained(loaded, "loop.sequence")
    assert explained(loaded, "loo") == []
    assert len(explain(loaded)) == len({row.key for row in explain(loaded)}) > 90


def test_explain_knows_short_forms(tmp_path: Path) -> None:
    top = BASE.replace("  aliases", "  dialects: {preference: {by_model: {'openai/*': [xml]}}}\n  aliases")
    loaded = load_config(files(tmp_path, top=top))
    assert explained(loaded, 'tools.dialects.preference.by_model["openai/*"]') == [
        ('tools.dialects.preference.by_model["openai/*"].native', None, [8]),
        ('tools.dialects.preference.by_model["openai/*"].order', ["xml"], [8]),
    ]
