"""The command line's applications, which the modules beside this one put their commands into."""

from typing import Annotated

import typer

from facecues import __version__

app = typer.Typer(
    name="facecues",
    help="Emotional talking-face video into numbers and paper tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
train_app = typer.Typer(no_args_is_help=True, help="Generators and classifiers, learnt from a cue store.")
weights_app = typer.Typer(no_args_is_help=True, help="Pretrained weights: what there is, get them, check them.")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"facecues {__version__}")
        raise typer.Exit
