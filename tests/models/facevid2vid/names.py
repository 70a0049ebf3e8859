"""Names and shapes of the weights in public checkpoints: facts of
zhanglonghao1992/One-Shot_Free-View_Neural_Talking_Head_Synthesis at commit 9511d25, config/vox-256.yaml, as the state
dicts of its modules list them."""

import csv
from pathlib import Path
from typing import Final

Shapes = dict[str, tuple[int, ...]]

PUBLIC: Final = ("vox-256", "vox-256-spade", "vox-256-beta")


def public_shapes(preset: str) -> dict[str, Shapes]:
    """Shapes of the weights of each network, by name."""
    lists: dict[str, Shapes] = {}
    with Path(__file__).with_name("names.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            shape = tuple(int(size) for size in row["shape"].split("x") if size)
            lists.setdefault(row["network"], {})[row["name"]] = shape
    spade, original = lists.pop("generator_spade"), lists.pop("generator")
    if preset == "vox-256-beta":
        del lists["kp_detector"]["down.weight"]
    return {**lists, "generator": spade if preset == "vox-256-spade" else original}
