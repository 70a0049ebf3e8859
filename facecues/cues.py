"""Reading a cue store back: clips, frames, and arrays out of vector columns."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.reasons import Status
from facecues.schema import FRAME_SCHEMA, group_path
from facecues.splits import split_clips

if TYPE_CHECKING:
    import dask.dataframe as dd

# Of a clip, what is joined to each of its frames.
_LABELS = ["clip_id", "actor", "view", "emotion", "level", "number"]
_GROUP = ["actor", "view", "emotion", "level"]  # of clips that share a file


def load_clips(
    store: str | Path,
    *,
    split: str | None = None,
    part: Literal["train", "test"] = "test",
    status: Sequence[str] = (Status.OK,),
    where: Mapping[str, Collection[str | int]] | None = None,
) -> pd.DataFrame:
    """Rows of clips.parquet.

    Args:
        store: directory that `facecues extract` wrote.
        split: a split by name (facecues.splits), or None for all clips.
        part: which part of the split.
        status: statuses to keep; by default the clips that were decoded whole.
        where: values to keep, by column: `{"emotion": ["happy", "sad"], "level": [3]}`.

    Raises:
        UsageError: not a store, an unknown column, or nothing left.
    """
    path = Path(store) / "clips.parquet"
    if not path.is_file():
        raise UsageError(f"{store} is not a finished cue store (no clips.parquet in it): run `facecues extract` first")
    # Nullable, because a clip without a level would make floats of all levels.
    clips: pd.DataFrame = pq.read_table(path, partitioning=None).to_pandas().astype({"level": "Int8"})
    if split is not None:
        clips = clips[split_clips(clips, split) == part]
    keep = clips["status"].isin([str(one) for one in status])
    for name, values in (where or {}).items():
        if name not in clips:
            raise UsageError(f"no column {name!r} in clips.parquet; there are: {', '.join(clips.columns)}")
        keep &= clips[name].isin(list(values))
    chosen: pd.DataFrame = clips[keep].reset_index(drop=True)
    if chosen.empty:
        raise UsageError(f"no clip of {store} is left after status {list(map(str, status))}, {split=} and {where=}")
    return chosen


@overload
def load_cues(
    store: str | Path,
    columns: Sequence[str] | None = ...,
    *,
    clips: pd.DataFrame | None = ...,
    engine: Literal["pandas"] = ...,
) -> pd.DataFrame: ...
@overload
def load_cues(
    store: str | Path,
    columns: Sequence[str] | None = ...,
    *,
    clips: pd.DataFrame | None = ...,
    engine: Literal["dask"],
) -> "dd.DataFrame": ...
def load_cues(
    store: str | Path,
    columns: Sequence[str] | None = None,
    *,
    clips: pd.DataFrame | None = None,
    engine: Literal["pandas", "dask"] = "pandas",
) -> "pd.DataFrame | dd.DataFrame":
    """Frame rows of a store, with the labels of their clip.

    Args:
        store: directory that `facecues extract` wrote.
        columns: cue columns to read, None for all. clip_id, frame, time_s and the labels always come.
        clips: rows of `load_clips`, to read only those.
        engine: "dask" gives one partition per file of the store, read when it is needed.

    Returns:
        Frames in the order of clip_id and frame. Vector columns stay in Arrow; `to_array` makes them NumPy.

    Raises:
        UsageError: not a store, or an unknown column.
    """
    chosen = load_clips(store) if clips is None else clips
    wanted = _columns(columns)
    parts = _parts(Path(store), chosen)
    if engine == "pandas":
        frames = [_read(part, wanted) for part in parts]
        return pd.concat(frames, ignore_index=True).sort_values(["clip_id", "frame"], ignore_index=True)
    import dask.dataframe as dd

    meta = _to_pandas(_empty(wanted)).merge(chosen.iloc[:0][_LABELS], on="clip_id")
    lazy: dd.DataFrame = dd.from_map(_read, parts, columns=wanted, meta=meta)
    return lazy


def to_array(
    column: "pd.Series[float] | pa.Array | pa.ChunkedArray", shape: tuple[int, ...] | None = None
) -> NDArray[np.float32]:
    """A vector column, of pandas or of Arrow, as (n, length) float32, or (n, *shape); NaN where the row is null.

    `to_array(frames["landmarks"], (68, 3))` is (n, 68, 3).

    Raises:
        UsageError: the column holds something else.
    """
    # Not pa.array of Arrow's own: it goes through a chunked column value by value, and fails on a null.
    vectors = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column)
    if isinstance(vectors, pa.ChunkedArray):
        vectors = vectors.combine_chunks()
    if not pa.types.is_fixed_size_list(vectors.type):
        raise UsageError(f"expected a column of vectors, got one of {vectors.type}: use .to_numpy()")
    length = vectors.type.list_size
    # flatten() leaves null rows out, whatever lies under them.
    out = np.full((len(vectors), length), np.nan, np.float32)
    out[vectors.is_valid().to_numpy(zero_copy_only=False)] = vectors.flatten().to_numpy().reshape(-1, length)
    return out if shape is None else out.reshape(-1, *shape)


def _columns(columns: Sequence[str] | None) -> list[str]:
    known: list[str] = FRAME_SCHEMA.names
    if columns is None:
        return known
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise UsageError(f"no frame column {', '.join(unknown)}; there are: {', '.join(known)}")
    return list(dict.fromkeys(["clip_id", "frame", "time_s", *columns]))


def _parts(store: Path, clips: pd.DataFrame) -> list[tuple[Path, pd.DataFrame]]:
    """The store's files that hold these clips, in order, and the labels of the clips in each."""
    keys = clips[_GROUP].astype(object).where(clips[_GROUP].notna(), None)
    paths = pd.Series([group_path(*key) for key in keys.itertuples(index=False)], index=clips.index)
    return [(store / "frames" / str(path), part) for path, part in clips[_LABELS].groupby(paths)]


def _read(part: tuple[Path, pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    file, labels = part
    if not file.is_file():  # not one of its clips gave a frame
        return _to_pandas(_empty(columns)).merge(labels, on="clip_id")
    chosen = [("clip_id", "in", labels["clip_id"].tolist())]
    return _to_pandas(pq.read_table(file, columns=columns, filters=chosen, partitioning=None)).merge(
        labels, on="clip_id"
    )


def _empty(columns: list[str]) -> pa.Table:
    return pa.schema([FRAME_SCHEMA.field(name) for name in columns]).empty_table()


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Vector columns stay Arrow's, which costs no copy and no Python object per row."""
    frames: pd.DataFrame = table.to_pandas(
        types_mapper=lambda kind: pd.ArrowDtype(kind) if pa.types.is_fixed_size_list(kind) else None
    )
    return frames
