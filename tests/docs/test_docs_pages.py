"""Links and commands of all pages: each leads somewhere, each can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from tests.docs.pages import ROOT, anchors, commands, links, pages, steps
from tests.docs.pages import blocks as blocks_of

from loopwright.cli.app import cli

PAGES = pages()


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def target_of(page: Path, link: str) -> tuple[Path, str]:
    """The file that a relative link names (a folder's is its README.md, where it has one), and the place in it."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    inside = target / "README.md"
    return (inside if target.is_dir() and inside.is_file() else target), anchor


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in links(page):
        if re.match(r"[a-z]+:", link.target):
            continue
        target, anchor = target_of(page, link.target)
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(f"{page.name}:{link.line}: {link.target}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, queue = set[Path](), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page not in seen and page.suffix == ".md" and page.is_file():
            seen.add(page)
            queue += [target_of(page, link.target)[0] for link in links(page)]
    assert [name_of(page) for page in PAGES if page not in seen] == []


def refused(command: str) -> str:
    """Why `loopwright` would refuse this command line; empty where it would not. Nothing is run."""
    name, *words = (word for word in shlex.split(command)[1:] if word != "...")
    found = cli.get_command(click.Context(cli), name)
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        found = found.get_command(click.Context(found), name)
    if found is None:
        return f"no such command: {name}"
    try:
        found.make_context(name, words).close()
    except click.ClickException as error:
        return error.format_message()
    except click.exceptions.Exit:
        pass  # --help
    return ""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_can_be_typed(page: Path) -> None:
    found = []
    for line, text in commands(page):
        command = re.split(r" [|;<>&]|;", text)[0]
        if re.match(r"loopwright [a-z]", command) and (why := refused(command)):
            found.append(f"{page.name}:{line}: {command}: {why}")
    assert found == []


def test_make_targets_exist() -> None:
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert named - set(known) == set()
    assert {"demo", "test"} <= named


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One title: `x`\n\n[a](gone.md) ![b](gone.png) [c](#one-title-x) [d](#two) [e](https://x.org)\n")
    assert broken(page) == ["page.md:3: gone.md", "page.md:3: gone.png", "page.md:3: #two"]


def test_a_command_that_cannot_be_typed_is_found() -> None:
    assert refused("loopwright show latest --part 2") == ""
    assert refused("loopwright run ... --store s3://bucket/prefix") == ""
    assert "--prat" in refused("loopwright show latest --prat 2")
    assert "FOLDER" in refused("loopwright checkout latest")
    assert refused("loopwright shwo latest") == "no such command: shwo"
    assert refused("loopwright config check a.yaml") == ""
    assert refused("loopwright config chekc a.yaml") == "no such command: chekc"
    assert "--kee" in refused("loopwright config explain a.yaml --kee b")
    assert "Invalid value" in refused("loopwright run --max-parts none")


def test_a_session_is_read_as_it_is_typed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("- a\n\n  ```console exit=1\n  $ one \\\n      two\n  out\n\n  $ three\n  ```\n")
    (block,) = blocks_of(page)
    assert (block.line, block.language, block.options) == (4, "console", {"exit": "1"})
    assert steps(block) == [(4, "one \\\n    two", ["out", ""]), (8, "three", [])]


def test_a_command_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```\none --a \\\n    --b  # why\ntwo\n```\n")
    assert list(commands(page)) == [(2, "one --a      --b"), (4, "two")]
