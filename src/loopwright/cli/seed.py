"""The seed's daily commands, `trace` and `graph_trace`: the same code as `loopwright run` and `graph`."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from loopwright.cli.app import run_command

__all__ = ["graph_trace", "trace"]


def trace() -> NoReturn:
    """`trace`: the same as `loopwright run`."""
    from loopwright.cli.run import run

    run_command(lambda: run.main(standalone_mode=False, prog_name="trace"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run_id", metavar="ID")
@click.option("--part", type=click.IntRange(min=0), help="Check out the files after this part instead of drawing.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True, help="The folder."
)
@click.option("--checkout-dest", type=click.Path(path_type=Path), help="[default: OUTPUT/repo_part_N]")
def _graph_trace(run_id: str, part: int | None, output: Path, checkout_dest: Path | None) -> None:
    """Draw the progress of a trajectory, or get its files after one part."""
    if part is None:
        from loopwright.cli.graph import draw

        draw(run_id, output)
        return
    from loopwright.cli.files import checkout

    folder = checkout_dest or output / f"repo_part_{part}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    checkout.main([run_id, str(folder), "--part", str(part)], standalone_mode=False)


def graph_trace() -> NoReturn:
    """`graph_trace`: the same as `loopwright graph`, and `checkout` where a part is named."""
    run_command(lambda: _graph_trace.main(standalone_mode=False, prog_name="graph_trace"))
