"""demo: the whole story on a small corpus."""

from pathlib import Path
from typing import Annotated

import typer

from facecues.cli.app import app
from facecues.cli.options import Only


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo; made when it is not there.")] = Path("demo"),
    data: Annotated[
        Path | None, typer.Option(help="A dataset in MEAD's layout, in place of a synthetic corpus.")
    ] = None,
    only: Only = None,
) -> None:
    """The whole story: corpus, cues, trainings, videos, scores, report. The same command again goes on."""
    from rich.console import Console

    from facecues.demo.play import play

    plan = play(folder, data, only)
    for kind, report in plan.reports.items():
        Console().print(f"{kind}: open {report / 'index.html'}", highlight=False, soft_wrap=True)
