"""Distributions made up on the spot, as pip would leave them in a folder on the path."""

import shutil
from collections.abc import Mapping
from pathlib import Path


def bring(
    site: Path,
    name: str,
    announced: Mapping[str, str],
    modules: Mapping[str, str] | None = None,
    version: str = "1.0",
) -> None:
    """Installs a distribution.

    Args:
        site: folder on sys.path.
        name: of the distribution.
        announced: "group/name" to what is to be imported: `{"metrics/mine": "mine:Mine"}`.
        modules: source by name.
        version: of the distribution; another one takes the place of one that is there.
    """
    for left in site.glob(f"{name.replace('-', '_')}-*.dist-info"):
        shutil.rmtree(left)
    about = site / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = [
        f"[facecues.{group}]\n{point} = {what}\n"
        for each, what in announced.items()
        for group, point in [each.split("/")]
    ]
    (about / "entry_points.txt").write_text("\n".join(points))
    for module, source in (modules or {}).items():
        (site / f"{module}.py").write_text(source)
