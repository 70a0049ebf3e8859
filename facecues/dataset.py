"""A torch dataset of cue sequences over a store, at one common rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from facecues.cues import load_clips, load_cues, to_array
from facecues.errors import UsageError
from facecues.resample import FPS, resample, resample_rotation, time_grid
from facecues.schema import CUE_SCHEMA

DEFAULT_COLUMNS = ("normalized", "rotation", "translation", "scale", "gaze_right", "gaze_left")
_NO_CUES = {"frame", "time_s", "reason"}


@dataclass(frozen=True, slots=True)
class CueSequence:
    """One clip, resampled.

    Attributes:
        clip: its row of clips.parquet, by column.
        time_s: (T,) float64, seconds.
        cues: by column: (T, 68, 3) for points, (T, length) for vectors, (T,) for numbers, float32; NaN where missing.
        valid: (T,) bool, every cue is there.
    """

    clip: dict[str, object]
    time_s: torch.Tensor
    cues: dict[str, torch.Tensor]
    valid: torch.Tensor


class CueDataset(Dataset[CueSequence]):
    """Clips of a cue store as sequences at `fps`, resampled by time.

    Memory holds one clip at a time; items are read when they are asked for, also in worker processes.

    Args:
        store: directory that `facecues extract` wrote.
        clips: rows of `facecues.load_clips`; None takes every clip with status ok.
        columns: cue columns.
        fps: rate of the sequences, frames per second.

    Raises:
        UsageError: not a store, or a column that holds no cue.
    """

    def __init__(
        self,
        store: str | Path,
        clips: pd.DataFrame | None = None,
        *,
        columns: Sequence[str] = DEFAULT_COLUMNS,
        fps: float = FPS,
    ) -> None:
        known = [name for name in CUE_SCHEMA.names if name not in _NO_CUES]
        unknown = [name for name in columns if name not in known]
        if unknown:
            raise UsageError(f"no cue column {', '.join(unknown)}; there are: {', '.join(known)}")
        self._store = Path(store)
        self.clips = load_clips(store) if clips is None else clips.reset_index(drop=True)
        self.columns = tuple(columns)
        self.fps = fps

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> CueSequence:
        clip = self.clips.iloc[[index]]
        frames = load_cues(self._store, self.columns, clips=clip)
        times = frames["time_s"].to_numpy(np.float64)
        at = time_grid(times, self.fps)
        cues = {name: _sequence(frames, name, times, at) for name in self.columns}
        valid = np.all([~np.isnan(value.reshape(len(at), -1)).any(axis=1) for value in cues.values()], axis=0)
        return CueSequence(
            clip={str(name): value for name, value in clip.iloc[0].items()},
            time_s=torch.from_numpy(at),
            cues={name: torch.from_numpy(value) for name, value in cues.items()},
            valid=torch.from_numpy(valid),
        )


def _sequence(
    frames: pd.DataFrame, name: str, times: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float32]:
    if isinstance(frames[name].dtype, pd.ArrowDtype):
        values = to_array(frames[name], (68, 3) if name in {"landmarks", "normalized"} else None)
    else:
        values = frames[name].to_numpy(np.float32, na_value=np.nan)
    return resample_rotation(times, values, at) if name == "rotation" else resample(times, values, at)
