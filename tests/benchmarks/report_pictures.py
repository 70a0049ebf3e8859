"""Draws docs/report_*: pages of a report as a browser shows them, and a hostile table as pdflatex sets it.

python -m tests.benchmarks.example_methods EXAMPLE
facecues evaluate --reference EXAMPLE/reference --method late=EXAMPLE/late … --out EXAMPLE/run
facecues report EXAMPLE/run --out EXAMPLE/report
python -m tests.benchmarks.report_pictures EXAMPLE/report docs       needs Chromium, playwright, pdflatex and pdftoppm
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import sync_playwright

from facecues.reports.tables.latex import latex_document
from tests.reports.tables.examples import hostile

Shot = tuple[str, int, str, int]
"""Page, width in pixels, color scheme, height in pixels."""

_PAGES: tuple[Shot, ...] = (
    ("index", 1400, "light", 1350),
    ("clips", 1400, "light", 1000),
    ("clips", 400, "dark", 1100),
)


def main(report: Path, docs: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in (*shoot(report, Path(folder), _PAGES), ("table", _table(Path(folder)))):
            Image.open(picture).convert("RGB").save(docs / f"report_{name}.jpg", quality=82)


def shoot(report: Path, folder: Path, pages: Sequence[Shot]) -> list[tuple[str, Path]]:
    """Writes pages of a report as PNG files into a folder; their names and paths."""
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for page_name, width, scheme, height in pages:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto((report / f"{page_name}.html").resolve().as_uri())
            page.wait_for_timeout(500)
            name = page_name if width > 1000 else f"{page_name}_narrow"
            page.screenshot(path=folder / f"{name}.png")
            found.append((name, folder / f"{name}.png"))
        browser.close()
    return found


def _table(folder: Path) -> Path:
    (folder / "table.tex").write_text(latex_document([hostile()]), encoding="utf-8")
    for _ in range(2):  # the second time, citations have their numbers
        subprocess.run(["pdflatex", "-interaction=batchmode", "table.tex"], cwd=folder, check=True, capture_output=True)
    subprocess.run(
        [
            "pdftoppm",
            "-r",
            "120",
            "-png",
            "-singlefile",
            "-x",
            "0",
            "-y",
            "0",
            "-W",
            "1020",
            "-H",
            "1100",
            "table.pdf",
            "table",
        ],
        cwd=folder,
        check=True,
    )
    picture = Image.open(folder / "table.png").convert("L")
    left, top, right, bottom = ImageOps.invert(picture).getbbox() or (0, 0, *picture.size)
    picture.crop((left - 20, top - 20, right + 20, bottom + 20)).save(folder / "table.png")
    return folder / "table.png"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
