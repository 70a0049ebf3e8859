"""The demo: a short clip panned over a public-domain portrait is extracted, and the store's rows are shown."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from facecues.config import Limits
from facecues.cues import load_clips, load_cues, to_array
from facecues.draw import draw_cues, tile
from facecues.models.media import usual_portrait, write_video
from facecues.preprocess.decode import Decoder
from facecues.preprocess.landmarks.roi import Roi
from facecues.preprocess.video import Frame
from facecues.resample import FPS

SECONDS, SIDE = 4, 384
_SHOWN = 8  # rows in the table
_TILES = (0, 25, 50, 75)  # frames in the picture: upright and at both ends of the sway
_TILE_SIDE = 320  # pixels


def main(folder: Path = Path("demo")) -> None:
    """Writes folder/videos, folder/store and folder/cues.jpg, echoing each public command that it runs."""
    console = Console()
    clip = folder / "videos" / "astronaut_pan.mp4"
    clip.parent.mkdir(parents=True, exist_ok=True)
    write_video(clip, pan(usual_portrait()))
    console.print(f"A {SECONDS} s clip panned over scikit-image's astronaut (NASA, public domain): {clip}")
    command = ["facecues", "extract", str(clip.parent), str(folder / "store")]
    console.print(f"\n$ {shlex.join(command)}")
    done = subprocess.run([sys.executable, "-m", "facecues.cli", *command[1:]], check=False)
    if done.returncode:
        sys.exit(done.returncode)
    console.print("\n>>> facecues.load_cues(store)")
    console.print(rows_table(folder / "store"))
    picture = folder / "cues.jpg"
    cv2.imwrite(str(picture), cue_picture(clip, folder / "store")[:, :, ::-1])
    console.print(f"Landmarks, head axes and gaze, drawn: {picture}")


def pan(picture: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Frames (SIDE, SIDE, 3) of a camera that sways over a (512, 512, 3) picture and tilts a little."""
    for index in range(FPS * SECONDS):
        phase = 2 * np.pi * index / (FPS * SECONDS)
        x, y = 224 + 25 * np.sin(phase), 150 + 15 * np.sin(2 * phase)
        to_patch = cv2.getRotationMatrix2D((x, y), 12 * np.sin(phase), 1.1)
        to_patch = to_patch + np.array([[0, 0, SIDE / 2 - x], [0, 0, SIDE / 2 - y]])
        yield cv2.warpAffine(picture, to_patch, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def rows_table(store: Path) -> Table:
    """A few frame rows of a store, as a reader would print them."""
    clip = load_clips(store).iloc[0]
    frames = load_cues(store)
    numbers = [to_array(frames[name]) for name in ("rotation", "gaze", "eye_openness")]
    table = Table(caption=f"{len(frames)} rows; coverage {clip['coverage']:.0%}; rotation in degrees, gaze in degrees")
    for name in ("time_s", "pitch", "yaw", "roll", "gaze pitch", "gaze yaw", "right eye", "left eye", "scale"):
        table.add_column(name, justify="right")
    for row in np.linspace(0, len(frames) - 1, _SHOWN).round().astype(int):
        values = np.concatenate([one[row] for one in numbers])
        cells = [f"{value:.1f}" for value in values[:5]] + [f"{value:.2f}" for value in values[5:]]
        table.add_row(f"{frames['time_s'][row]:.2f}", *cells, f"{frames['scale'][row]:.1f}")
    return table


def cue_picture(clip: Path, store: Path) -> NDArray[np.uint8]:
    """Four frames of the clip, enlarged around the face, with their cues drawn; side by side."""
    frames = load_cues(store)
    cues = {name: to_array(frames[name]) for name in ("landmarks", "rotation", "gaze_right", "gaze_left")}
    tiles = []
    with Decoder(clip, Limits()) as decoder:
        for frame in decoder:
            if frame.index in _TILES:
                row = {name: values[frame.index] for name, values in cues.items()}
                tiles.append(_close_up(frame, row))
    return tile(tiles)


def _close_up(frame: Frame, row: dict[str, NDArray[np.float32]]) -> NDArray[np.uint8]:
    points = row["landmarks"].reshape(68, 3)
    centre = points[:, :2].mean(axis=0)
    roi = Roi(float(centre[0]), float(centre[1]), 2.2 * float(np.ptp(points[:, 0])), 0.0)
    corner, gain = roi.matrix(_TILE_SIDE)[:, 2], _TILE_SIDE / roi.side
    moved = ((points - np.append(corner, 0.0)) * gain).astype(np.float32)
    patch = frame.crop(roi.matrix(_TILE_SIDE), _TILE_SIDE)
    return draw_cues(patch, moved, row["rotation"], row["gaze_right"], row["gaze_left"])


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
