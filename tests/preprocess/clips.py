"""One clip through the default extractor, as arrays, for the tests on real clips."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecues.cues import to_array
from facecues.preprocess.contracts import ClipReport
from facecues.preprocess.extract import CueExtractor


@dataclass
class Clip:
    """report: of the extractor; table: CUE_SCHEMA rows."""

    report: ClipReport
    table: pa.Table

    def array(self, column: str) -> NDArray[np.float32]:
        """(T, 68, 3) for points, (T, length) for vectors, (T,) for numbers; NaN where null."""
        kind = self.table.schema.field(column).type
        if pa.types.is_fixed_size_list(kind):
            return to_array(self.table[column], (68, 3) if kind.list_size == 204 else None)
        return self.table[column].to_numpy().astype(np.float64)


def extract_clip(extractor: CueExtractor, video: Path, audio: Path | None = None) -> Clip:
    batches: list[pa.RecordBatch] = []
    report = extractor(video, audio, batches.append)
    return Clip(report, pa.Table.from_batches(batches))
