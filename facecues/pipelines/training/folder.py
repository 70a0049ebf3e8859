"""A run's folder: it goes on with the training that it was begun with, and with no other, and shows its curves."""

from pathlib import Path
from typing import Protocol

from matplotlib.figure import Figure
from pydantic import BaseModel

from facecues.errors import UsageError
from facecues.pipelines.atomic import replacing, writing


class Described(Protocol):
    """A description that a training leaves; `data` is the digest of what was learnt from."""

    @property
    def data(self) -> str: ...


def is_free(out: Path) -> bool:
    """Whether nothing is there yet, or an empty folder."""
    return not out.exists() or (out.is_dir() and not any(out.iterdir()))


def require_same(out: Path, before: BaseModel, now: BaseModel) -> None:
    """Makes sure that a folder was trained with the configuration that is given now.

    Args:
        out: for the message.
        before: in the folder's description. now: given; both with sections of fields.

    Raises:
        UsageError: a field differs; it is named with both values.
    """
    for part, section in now:
        was = getattr(before, part)
        for name, value in section:
            if getattr(was, name) != value:
                raise UsageError(
                    f"{out} was trained with {part}.{name} = {getattr(was, name)}, now it is {value}: "
                    "give the same as before, or use another --out."
                )


def claim(out: Path, before: Described | None, data: str, what: str) -> None:
    """Makes the folder, or makes sure that it was trained on the same.

    Args:
        out: to be made.
        before: the folder's description; None: it has none.
        data: digest of what is given now.
        what: it is a digest of, for the message.

    Raises:
        UsageError: it was trained on something else.
    """
    if before is not None and before.data != data:
        raise UsageError(f"{out} was trained on other {what} ({before.data}, now {data}): use another --out.")
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)


def save_curves(out: Path, figure: Figure) -> None:
    """Writes OUT/curves.png. Raises StoreError where it cannot be."""
    path = out / "curves.png"
    with replacing(path) as temporary, writing(path):
        figure.savefig(temporary, format="png")
