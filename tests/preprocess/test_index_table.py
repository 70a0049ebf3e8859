import json
from pathlib import Path

import pytest
from rich.console import Console

from facecues.errors import UsageError
from facecues.labels import VIEWS
from facecues.preprocess.index import Index, build_index
from facecues.preprocess.index_table import render, to_json
from tests.preprocess.trees import mead_paths, plant


def printed(index: Index, split: str | None = None, *, width: int = 100, full: bool = False) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(render(index, split, full=full))
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture(scope="module")
def two_views(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Two actors, two views; one clip of M003's front view, happy level 2, is missing."""
    root = plant(tmp_path_factory.mktemp("root"), *mead_paths(["M003", "W015"], ["front", "top"]))
    (root / "M003/video/front/happy/level_2/007.mp4").unlink()
    return build_index(root)


def test_a_cell_shows_the_levels_and_marks_a_low_one_without_colour(two_views: Index) -> None:
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in printed(two_views)}
    whole = "30·30·30"
    assert rows["W015", "top"] == [whole] * 5 + ["40"] + [whole] * 2 + ["670"]
    assert rows["M003", "front"] == [whole] * 4 + ["30·29·30↓", "40"] + [whole] * 2 + ["669"]


def test_one_view_needs_no_column_for_it(tmp_path: Path) -> None:
    lines = printed(build_index(plant(tmp_path, "M003/video/front/sad/level_2/001.mp4")))
    row = next(line.split() for line in lines if line.startswith("M003 "))
    assert row == ["M003", *["–·–·–"] * 5, "–", "–·1·–↓", "–·–·–", "1"]


def test_many_rows_are_summed_to_the_lowest_count_over_the_views(tmp_path: Path) -> None:
    actors = [f"W{number:03d}" for number in range(1, 6)]
    clips = [
        f"{actor}/video/{view}/{emotion}/level_1/{number:03d}.mp4"
        for actor in actors
        for view in VIEWS
        for emotion in ("sad", "neutral")
        for number in range(1, 5)
    ]
    missing = "W002/video/top/sad/level_1/003.mp4"
    index = build_index(plant(tmp_path, *(clip for clip in clips if clip != missing)))
    summed = [line.split() for line in printed(index) if line.startswith("W00")]
    assert [[*row[:2], row[8], row[-1]] for row in summed] == [
        ["W001", "7", "4·–·–↓", "56"],
        ["W002", "7", "3·–·–↓", "55"],
        *([actor, "7", "4·–·–↓", "56"] for actor in actors[2:]),
    ]
    assert sum(line.startswith("W00") for line in printed(index, full=True)) == 5 * 7


@pytest.mark.parametrize("width", [100, 160])
def test_nothing_is_cut_off(two_views: Index, width: int) -> None:
    lines = printed(two_views, "official", width=width)
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_a_split_is_counted_by_emotion(two_views: Index) -> None:
    lines = printed(two_views, "eat")
    assert next(line.split() for line in lines if line.startswith("test ")) == [
        "test", "360", "360", "360", "360", "359", "160", "360", "360", "2", "2,679",
    ]  # fmt: skip
    assert any("not here: M030, W009" in line for line in lines)


def test_examples_of_an_oddity_are_limited_and_the_rest_is_counted(data: Path) -> None:
    lines = printed(build_index(data / "mead"))
    at = lines.index("gaps against MEAD's nominal counts: 15")
    assert lines[at + 6] == "  … and 10 more"


def test_a_tree_without_labels_is_shown_by_folder(tmp_path: Path) -> None:
    lines = printed(build_index(plant(tmp_path, "a/x.mp4", "a/x.wav", "a/y.mp4", "z.mp4")))
    assert ["a", "2", "2", "1", "2", "bytes"] in [line.split() for line in lines]
    assert [".", "1", "1", "0", "1", "byte"] in [line.split() for line in lines]


def test_names_can_neither_steer_the_terminal_nor_the_markup(tmp_path: Path) -> None:
    lines = printed(build_index(plant(tmp_path, "[bold]x\x1b[31m\n/a.mp4", "[/red].mp4", content=b"")))
    assert any(r"[bold]x\x1b[31m\n/a.mp4" in line for line in lines)
    assert any("[/red].mp4" in line for line in lines)


def test_json_says_the_same(two_views: Index) -> None:
    made = json.loads(json.dumps(to_json(two_views, "eat")))
    assert (made["layout"], made["clips"], made["usable"]) == ("mead", 2679, 2679)
    low = [cell for cell in made["cells"] if cell["clips"] < cell["nominal"]]
    cell = {"actor": "M003", "view": "front", "emotion": "happy", "level": 2, "clips": 29, "nominal": 30}
    assert low == [cell]
    assert made["oddities"] == [
        {"kind": "gap", "where": "M003/front/happy/level_2", "sentence": "29 clips of nominally 30"}
    ]
    assert {key: made["split"][key] for key in ("name", "train", "test", "unplaced")} == {
        "name": "eat",
        "train": 0,
        "test": 2679,
        "unplaced": 0,
    }


def test_an_unknown_split_is_refused(two_views: Index) -> None:
    for show in (render, to_json):
        with pytest.raises(UsageError, match="Unknown split 'mine'"):
            show(two_views, "mine")
