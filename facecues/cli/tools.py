"""doctor and weights: what is usable here."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from facecues.cli.app import app, weights_app
from facecues.cli.options import Json, complain, print_json
from facecues.errors import WeightsMissingError


@app.command()
def doctor(as_json: Json = False) -> None:
    """Which backends, metrics, plugins and weights are usable here, and what each missing one needs."""
    from facecues import doctor as examiner

    checks = examiner.check(deep=True)
    if as_json:
        print_json([asdict(one) for one in checks])
    else:
        Console().print(examiner.render(checks))


@weights_app.command("list")
def weights_list(as_json: Json = False) -> None:
    """Every weight: where it is, what it unlocks, its licence. Uses no network."""
    from facecues import weights
    from facecues.weights.table import render

    found = [weights.status(name) for name in weights.REGISTRY]
    if as_json:
        print_json(
            [{"name": one.weight.name, "state": one.state, "path": one.path, "detail": one.detail} for one in found]
        )
    else:
        Console().print(render(found))


@weights_app.command("fetch")
def weights_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names from `weights list`; none: the default backend's.")
    ] = None,
) -> None:
    """Downloads and verifies weights."""
    from facecues import weights

    for name in names or weights.DEFAULT:
        typer.echo(f"{name}: {weights.fetch(name, progress=sys.stderr.isatty())}")


@weights_app.command("verify")
def weights_verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names from `weights list`; none: all that are here.")
    ] = None,
) -> None:
    """Hashes the files that are here against the registry."""
    from facecues import weights

    wrong = False
    for name in names or [name for name in weights.REGISTRY if weights.status(name).state != "missing"]:
        try:
            typer.echo(f"{name}: {weights.verify(name)}")
        except WeightsMissingError as error:
            complain(str(error))
            wrong = True
    if wrong:
        raise typer.Exit(2)
