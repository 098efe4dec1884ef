"""`loopwright graph`: the progress of a run as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from loopwright.base import atomic_write
from loopwright.cli._common import as_json as json_text
from loopwright.cli._common import json_option, output_folder, results_of, run_argument, run_of, trace_of, writing

__all__ = ["draw", "graph"]


@click.command()
@run_argument
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True, help="The folder."
)
@json_option
def graph(run_id: str, output: Path, as_json: bool) -> None:
    """Draw the progress of a run: graph_trace_<id>.json, .png and .html."""
    draw(run_id, output, as_json=as_json)


def draw(run_id: str, output: Path, *, as_json: bool = False) -> None:
    """Write the three files; other files of the folder are left alone."""
    from loopwright.view import chart, graph_data, render_html, render_png

    rundir = run_of(run_id)
    trace = trace_of(rundir)
    data = graph_data(trace, results_of(rundir))
    output_folder(output)
    base = output / f"graph_trace_{rundir.id}"
    spec = chart(data)
    with writing(output):
        atomic_write(base.with_suffix(".json"), json_text(data).encode() + b"\n")
        render_png(spec, base.with_suffix(".png"))
        render_html(spec, data, base.with_suffix(".html"))
    if as_json:
        click.echo(json_text(data))
        return
    for suffix in (".json", ".png", ".html"):
        click.echo(base.with_suffix(suffix))
