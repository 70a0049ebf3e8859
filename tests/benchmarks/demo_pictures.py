"""Draws docs/demo_*: what `facecues demo DEMO` comes to, as a browser shows it.

python -m tests.benchmarks.demo_pictures DEMO docs       needs Chromium and playwright
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.benchmarks.report_pictures import Shot, shoot

_PAGES: dict[str, Shot] = {"cues": ("index", 1400, "light", 1250), "videos": ("clips", 1400, "light", 900)}


def main(demo: Path, docs: Path) -> None:
    for kind, page in _PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            ((_, picture),) = shoot(demo / "report" / kind, Path(folder), [page])
            Image.open(picture).convert("RGB").save(docs / f"demo_{kind}.jpg", quality=82)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
