"""Signatures: everything that changes a number, in one short line, after sacreBLEU's."""

from collections.abc import Mapping


def make_signature(name: str, parts: Mapping[str, object], version: int = 1) -> str:
    """`m-ld|pts:48-67|align:template|unit:iod|fps:25|miss:penalize|v:1`, in the order of `parts`.

    Args:
        name: of the metric; lower case.
        parts: what changes the number; a None is left out.
        version: raised when the number changes for a reason that no part names.

    Raises:
        ValueError: a part holds one of the separators.
    """
    fields = [name.lower(), *(f"{key}:{value}" for key, value in parts.items() if value is not None), f"v:{version}"]
    if any("|" in field for field in fields):
        raise ValueError(f"no part of a signature may hold '|': {fields}")
    return "|".join(fields)
