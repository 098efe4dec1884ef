"""`loopwright config`: look at the configuration of an agent before it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from loopwright.base import UsageError, nearest, printable
from loopwright.cli._common import json_option, print_json, writing

if TYPE_CHECKING:
    from loopwright.runtime.config.problems import Problem

__all__ = ["config"]

_file = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def config() -> None:
    """Look at the configuration of an agent (YAML, version 2) before it runs."""


@config.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> int:
    """Say what is wrong with configurations: a line for each problem.

    Ends with exit code 0 where all can be used, 2 where one cannot.
    """
    checked = [_checked(path) for path in files]
    if as_json:
        print_json(checked)
    else:
        for one in checked:
            _tell("error", one.errors)
            _tell("notice", one.notices)
            if one.good:
                click.echo(printable(f"{one.file}: good ({one.name}, {len(one.files)} files, {one.digest[:12]})"))
    return 0 if all(one.good for one in checked) else 2


class _Checked(Struct):
    """One file: whether it can be used, and what was found; `files` are all that it is made of."""

    file: str
    good: bool
    name: str = ""
    digest: str = ""
    files: tuple[str, ...] = ()
    errors: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()


def _checked(path: Path) -> _Checked:
    from loopwright.runtime.agent import check_profile
    from loopwright.runtime.config import load_config
    from loopwright.runtime.config.problems import ConfigError, Problem

    try:
        loaded = load_config(path)
        check_profile(loaded)
    except ConfigError as error:
        return _Checked(str(path), good=False, errors=error.problems)
    except UsageError as error:
        problem = Problem("", error.what, error.where or str(path), error.remedy or "")
        return _Checked(str(path), good=False, errors=(problem,))
    files = tuple(str(file) for file in loaded.files)
    return _Checked(str(path), True, loaded.name, loaded.digest, files, notices=tuple(loaded.notices))


def _tell(word: str, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        click.echo(printable(f"{word}: {problem}"))


@config.command()
@_file
@click.option("--key", default="", metavar="A.B", help="Only this key and what is under it.")
@json_option
def explain(file: Path, key: str, as_json: bool) -> None:
    """Show each value that holds, and the file and line that says so."""
    from loopwright.runtime.config import load_config
    from loopwright.runtime.config.explain import explain as effective

    loaded = load_config(file)
    rows = effective(loaded, key)
    if not rows:
        close = nearest(key, [row.key for row in effective(loaded)])
        advice = f"Did you mean {close}?" if close else "Leave out --key to see all."
        raise UsageError(f"there is no key {key!r}", where=str(file), remedy=advice)
    if as_json:
        print_json({"digest": loaded.digest, "values": {row.key: _row(row.value, row.origins) for row in rows}})
        return
    for row in rows:
        click.echo(printable(f"{row.key} = {_shown(row.value)}  [{_places(row.origins)}]"))


def _row(value: Any, origins: tuple[Any, ...]) -> dict[str, Any]:
    return {"value": value, "origins": [str(origin) for origin in origins]}


def _shown(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _places(origins: tuple[Any, ...]) -> str:
    return ", ".join(map(str, origins)) or "default"


@config.command()
@_file
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the migrated configuration here.")
@json_option
def migrate(file: Path, output: Path | None, as_json: bool) -> int:
    """Write a foreign V2 configuration in our form.

    Says what each key of it did there, and what it does here.

    Ends with exit code 0 where all of it could be taken over, 1 where keys were refused and left out.
    """
    from loopwright.runtime.config.migrate import migrate as taken_over

    result = taken_over(file, (output or file).absolute().parent)
    if as_json:
        print_json(result.changes)
    else:
        for change in result.changes:
            click.echo(
                printable(f"{change.status:<8} {change.where}: {change.key}{': ' * bool(change.what)}{change.what}")
            )
    if output is not None:
        with writing(output):
            output.write_text(result.text, encoding="utf-8")
        click.echo(printable(f"What is still missing in it: loopwright config check {output}"), err=True)
    return 1 if any(change.status == "refused" for change in result.changes) else 0


@config.command()
@_file
@click.option("--mode", help="The mode; by default the one in which a run begins.")
@click.option("--model", help="The model's id; by default `providers.default_model`.")
@click.option("--task", type=click.Path(path_type=Path), help="A file with the task; by default a word stands for it.")
def preview(file: Path, mode: str | None, model: str | None, task: Path | None) -> None:
    """Print the first request, byte for byte; nothing is sent.

    And about how many tokens it has.
    """
    from loopwright.cli._preview import preview_of
    from loopwright.runtime.config import load_config

    text = "(the task)" if task is None else _task(task)
    shown = preview_of(load_config(file), model, mode, text)
    # A program reads the very bytes; a terminal would act on some of them.
    click.echo(printable(shown) if sys.stdout.isatty() else shown)


def _task(path: Path) -> str:
    """What a run would say to the model: of a task's own instruction, newlines are read as Python reads them."""
    from loopwright.harness.instruction import instruction_in, task_around

    try:
        return instruction_in(path)[0] if task_around(path.absolute()) is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the task cannot be read: {error}", where=str(path), remedy="Check the path.") from None


@config.command()
@click.option("--markdown", is_flag=True, help="Print the reference of all keys as a page instead.")
def schema(markdown: bool) -> None:
    """Print the JSON Schema of configurations, for editors."""
    import json

    from loopwright.runtime.config import reference

    click.echo(reference.markdown() if markdown else json.dumps(reference.json_schema(), indent=2), nl=not markdown)
