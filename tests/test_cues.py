"""A store read back: labels joined, vectors as arrays, splits and filters, the same from pandas and Dask."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import facecues
from facecues.config import ExtractConfig
from facecues.errors import UsageError
from facecues.pipelines.extract import extract
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.index import build_index
from facecues.schema import FRAME_SCHEMA


def test_every_frame_comes_with_the_labels_of_its_clip(small_store: Path) -> None:
    frames = facecues.load_cues(small_store)
    assert set(FRAME_SCHEMA.names) | {"actor", "view", "emotion", "level", "number"} == set(frames.columns)
    counts = frames.groupby("clip_id").size().to_dict()
    assert counts == {
        "M003/front/happy/level_1/001": 30,
        "M003/front/sad/level_2/002": 30,
        "W015/front/happy/level_3/001": 30,
        "W015/front/sad/level_1/001": 5,
    }
    assert (frames["emotion"] == frames["clip_id"].str.split("/").str[2]).all()


def test_missing_is_null_in_the_frame_and_nan_in_the_array(small_store: Path) -> None:
    frames = facecues.load_cues(small_store, ["landmarks", "reason"])
    dark = (frames["emotion"] == "sad") & (frames["actor"] == "W015")
    points = facecues.to_array(frames["landmarks"], (68, 3))
    assert points.shape == (95, 68, 3) and points.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(points).all(axis=(1, 2)), dark)
    assert (frames.loc[dark, "reason"] == "no_face").all() and frames.loc[~dark, "reason"].isna().all()


def test_arrows_own_columns_give_the_array_that_pandas_gives(small_store: Path) -> None:
    frames = facecues.load_cues(small_store, ["landmarks"])
    expected = facecues.to_array(frames["landmarks"], (68, 3))
    assert np.isnan(expected).any()
    files = sorted((small_store / "frames").rglob("*.parquet"))
    chunked = pa.concat_tables(pq.read_table(file, columns=["clip_id", "frame", "landmarks"]) for file in files)
    chunked = chunked.sort_by([("clip_id", "ascending"), ("frame", "ascending")])
    pieces = pa.concat_tables([chunked.slice(3, 60), chunked.slice(63), chunked.slice(0, 3)])["landmarks"]
    assert pieces.num_chunks > 1
    np.testing.assert_array_equal(facecues.to_array(pieces, (68, 3)), np.roll(expected, -3, axis=0))
    np.testing.assert_array_equal(facecues.to_array(pieces.combine_chunks()), np.roll(expected, -3, 0).reshape(-1, 204))
    assert facecues.to_array(pieces.slice(0, 0)).shape == (0, 204)


def test_column_without_vectors_is_refused(small_store: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a column of vectors, got one of float.*\.to_numpy"):
        facecues.to_array(facecues.load_cues(small_store, ["scale"])["scale"])


def test_dask_gives_the_same_rows_as_pandas(small_store: Path) -> None:
    lazy = facecues.load_cues(small_store, ["gaze", "scale"], engine="dask")
    assert lazy.npartitions == 4
    whole = lazy.compute().sort_values(["clip_id", "frame"], ignore_index=True)
    # Dask has a string type of its own.
    pd.testing.assert_frame_equal(whole, facecues.load_cues(small_store, ["gaze", "scale"]), check_dtype=False)


def test_clips_are_chosen_by_split_and_by_label(small_store: Path) -> None:
    held_out = facecues.load_clips(small_store, split="W015", part="test")
    assert set(held_out["actor"]) == {"W015"}
    happy = facecues.load_clips(small_store, where={"emotion": ["happy"], "level": [3]})
    assert happy["clip_id"].tolist() == ["W015/front/happy/level_3/001"]
    assert set(facecues.load_cues(small_store, ["score"], clips=happy)["clip_id"]) == set(happy["clip_id"])


def test_mistakes_are_told_in_one_sentence(small_store: Path, tmp_path: Path) -> None:
    for call, word in (
        (lambda: facecues.load_clips(tmp_path), "facecues extract"),
        (lambda: facecues.load_cues(small_store, ["landmark"]), "landmarks"),
        (lambda: facecues.load_clips(small_store, where={"mood": ["sad"]}), "emotion"),
        (lambda: facecues.load_clips(small_store, where={"emotion": ["glad"]}), "no clip"),
        (lambda: facecues.CueDataset(small_store, columns=["frame"]), "normalized"),
    ):
        with pytest.raises(UsageError, match=word) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_store_reads_without_facecues(small_store: Path) -> None:
    frames = pd.read_parquet(small_store / "frames")
    assert len(frames) == 95 and {"actor", "view", "normalized"} <= set(frames.columns)
    schema = ds.dataset(small_store / "frames", partitioning="hive").schema
    assert schema.field("landmarks").type == FRAME_SCHEMA.field("landmarks").type


def test_units_stand_in_the_files(small_store: Path) -> None:
    file = next((small_store / "frames").rglob("*.parquet"))
    schema = ds.dataset(file).schema
    assert schema.metadata[b"facecues_schema_version"] == b"1"
    assert schema.field("rotation").metadata[b"unit"] == b"pitch yaw roll, degrees"


def test_sequences_are_at_the_common_rate_with_a_mask(small_store: Path) -> None:
    import torch

    dataset = facecues.CueDataset(small_store, columns=("normalized", "rotation", "scale", "gaze"))
    assert len(dataset) == 4
    sequence = dataset[0]
    assert sequence.cues["normalized"].shape == (30, 68, 3) and sequence.cues["scale"].shape == (30,)
    assert sequence.valid.all() and sequence.clip["emotion"] == "happy"
    torch.testing.assert_close(torch.diff(sequence.time_s), torch.full((29,), 0.04, dtype=torch.float64))
    dark = dataset[3]
    assert not dark.valid.any() and torch.isnan(dark.cues["gaze"]).all()


def test_sequences_come_from_worker_processes_too(small_store: Path) -> None:
    from torch.utils.data import DataLoader

    loader = DataLoader(facecues.CueDataset(small_store), batch_size=None, num_workers=1)
    assert [len(sequence.time_s) for sequence in loader] == [30, 30, 30, 5]


def test_importing_facecues_imports_no_torch() -> None:
    import subprocess
    import sys

    code = "import facecues, sys; from facecues import load_cues; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_clips_without_labels_are_read_too(small_tree: Path, tmp_path: Path, extractor: CueExtractor) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    video = next(small_tree.rglob("001.mp4"))
    for name in ("one.mp4", "deep/two.mp4"):
        (tree / name).hardlink_to(video)
    extract(build_index(tree), tmp_path / "store", ExtractConfig(), workers=1)
    frames = facecues.load_cues(tmp_path / "store", ["score"])
    assert set(frames["clip_id"]) == {"one", "deep/two"} and frames["actor"].isna().all()
    assert len(facecues.CueDataset(tmp_path / "store")[1].time_s) == len(frames) // 2
    assert len(pd.read_parquet(tmp_path / "store/frames")) == len(frames)
