"""The command line: parses, calls a pipeline, prints. Exit 0 done, 1 too many clips failed, 2 bad input or usage.

Commands import what they need when they run, so that --help and errors of usage come at once.
"""

import sys

import typer
from typer.exceptions import TyperException

# In the order in which --help lists them.
from facecues.cli import data, training, generate, scores, demo, tools  # noqa: F401  # isort: skip
from facecues.cli.app import app, train_app, weights_app
from facecues.cli.options import complain
from facecues.errors import FacecuesError

app.add_typer(train_app, name="train")
app.add_typer(weights_app, name="weights")


def main() -> None:
    """Entry point of the console script."""
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        complain(error.format_message())
        code = 2
    except FacecuesError as error:
        complain(str(error))
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        code = 130
    sys.exit(code or 0)
