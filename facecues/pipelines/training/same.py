"""A run's folder goes on with the training that it was begun with, and with no other."""

from pathlib import Path

from pydantic import BaseModel

from facecues.errors import UsageError


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
