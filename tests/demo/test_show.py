from pathlib import Path

from rich.console import Console

from facecues.demo.show import cue_picture, rows_table


def test_rows_are_of_the_first_clip_with_its_coverage(small_store: Path) -> None:
    console = Console(width=120, record=True)
    console.print(rows_table(small_store))
    told = console.export_text()
    assert "M003/front/happy/level_1/001" in told and "pitch" in told and "30 rows; coverage 100%" in told


def test_cues_are_drawn_over_four_frames(small_store: Path, small_tree: Path) -> None:
    picture = cue_picture(small_tree, small_store)
    assert picture.shape[1] > 3 * picture.shape[0] and picture.std() > 20
