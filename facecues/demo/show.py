"""What a store holds, for people to look at: rows as a reader would print them, and cues drawn over frames."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from facecues.config import Limits
from facecues.cues import load_clips, load_cues, to_array
from facecues.preprocess.decode import Decoder
from facecues.preprocess.draw import draw_cues, tile
from facecues.preprocess.landmarks.roi import Roi
from facecues.preprocess.video import Frame

_SHOWN = 8  # rows in the table
_TILES = 4  # frames in the picture, spread over the clip
_TILE_SIDE = 320  # pixels


def first_clip(store: Path) -> pd.DataFrame:
    """The first clip of a store with a face in it: its row of clips.parquet, alone in a frame; empty: there is none."""
    return load_clips(store, status=("ok", "partial")).head(1)


def rows_table(store: Path) -> Table:
    """A few rows of a store's first clip."""
    clips = first_clip(store)
    clip, frames = clips.iloc[0], load_cues(store, clips=clips)
    numbers = [to_array(frames[name]) for name in ("rotation", "gaze", "eye_openness")]
    table = Table(
        title=str(clip["clip_id"]),
        caption=f"{len(frames)} rows; coverage {clip['coverage']:.0%}; rotation in degrees, gaze in degrees",
    )
    for name in ("time_s", "pitch", "yaw", "roll", "gaze pitch", "gaze yaw", "right eye", "left eye", "scale"):
        table.add_column(name, justify="right")
    for row in np.linspace(0, len(frames) - 1, _SHOWN).round().astype(int):
        values = np.concatenate([one[row] for one in numbers])
        cells = [f"{value:.1f}" for value in values[:5]] + [f"{value:.2f}" for value in values[5:]]
        table.add_row(f"{frames['time_s'][row]:.2f}", *cells, f"{frames['scale'][row]:.1f}")
    return table


def cue_picture(root: Path, store: Path) -> NDArray[np.uint8]:
    """Frames of the store's first clip, enlarged around the face, with their cues drawn; side by side.

    Args:
        root: of the dataset, where its video is.
        store: of cues.
    """
    clips = first_clip(store)
    frames = load_cues(store, clips=clips)
    seen = np.flatnonzero(frames["scale"].notna())
    chosen = set(seen[np.linspace(0, len(seen) - 1, _TILES).astype(int)].tolist())
    cues = {name: to_array(frames[name]) for name in ("landmarks", "rotation", "gaze_right", "gaze_left")}
    tiles = []
    with Decoder(root / str(clips["video"].iloc[0]), Limits()) as decoder:
        for frame in decoder:
            if frame.index in chosen:
                tiles.append(_close_up(frame, {name: values[frame.index] for name, values in cues.items()}))
    return tile(tiles)


def _close_up(frame: Frame, row: dict[str, NDArray[np.float32]]) -> NDArray[np.uint8]:
    points = row["landmarks"].reshape(68, 3)
    centre = points[:, :2].mean(axis=0)
    roi = Roi(float(centre[0]), float(centre[1]), 2.2 * float(np.ptp(points[:, 0])), 0.0)
    corner, gain = roi.matrix(_TILE_SIDE)[:, 2], _TILE_SIDE / roi.side
    moved = ((points - np.append(corner, 0.0)) * gain).astype(np.float32)
    patch = frame.crop(roi.matrix(_TILE_SIDE), _TILE_SIDE)
    return draw_cues(patch, moved, row["rotation"], row["gaze_right"], row["gaze_left"])
