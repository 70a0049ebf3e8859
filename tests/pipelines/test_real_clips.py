"""The whole way on real clips: from a MEAD folder to a store that keeps its promises."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest

from facecues import load_cues, to_array
from facecues.config import ExtractConfig
from facecues.pipelines.extract import extract
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.geometry import Similarity, relocate, rotation_matrix
from facecues.preprocess.index import build_index
from facecues.schema import CLIP_SCHEMA
from tests.preprocess.test_extract import EXPECTED


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, mead: Path, extractor: CueExtractor) -> Path:
    folder = tmp_path_factory.mktemp("real") / "store"
    extract(build_index(mead), folder, ExtractConfig(), workers=2)
    return folder


def test_six_mead_clips_are_ok_with_a_face_in_every_frame(store: Path) -> None:
    clips = pd.read_parquet(store / "clips.parquet")
    assert clips["status"].tolist() == ["ok"] * 6
    assert (clips["coverage"] == 1.0).all()
    assert clips["reason"].isna().all() and clips["message"].isna().all()
    complete = [name for name in CLIP_SCHEMA.names if name not in {"reason", "message"}]
    assert not clips[complete].isna().any(axis=None)
    assert clips["frames"].sum() == 568 and set(clips["audio_rate"]) == {48000}
    assert clips["clip_id"].is_monotonic_increasing and clips["clip_id"].is_unique


def test_no_cue_is_null_in_them(store: Path) -> None:
    frames = ds.dataset(store / "frames", partitioning="hive").to_table()
    assert frames.num_rows == 568
    for name in frames.column_names:
        nulls = frames[name].null_count
        assert nulls == (568 if name == "reason" else 0), name


def test_landmarks_are_scale_times_rotation_times_normalized_plus_translation(store: Path) -> None:
    frames = load_cues(store)
    pose = Similarity(
        rotation_matrix(to_array(frames["rotation"]).astype(np.float64)),
        frames["scale"].to_numpy(np.float64),
        to_array(frames["translation"]).astype(np.float64),
    )
    again = relocate(to_array(frames["normalized"], (68, 3)).astype(np.float64), pose)
    assert np.abs(again - to_array(frames["landmarks"], (68, 3))).max() <= 1e-3


def test_there_is_one_file_for_each_actor_view_emotion_and_level(store: Path) -> None:
    files = sorted(file.relative_to(store / "frames").as_posix() for file in (store / "frames").rglob("*.parquet"))
    assert files == [
        "actor=M003/view=front/disgusted_level_1.parquet",
        "actor=M003/view=front/happy_level_1.parquet",
        "actor=M030/view=front/angry_level_3.parquet",
        "actor=M030/view=front/sad_level_3.parquet",
        "actor=W015/view=front/neutral_level_1.parquet",
        "actor=W023/view=front/surprised_level_2.parquet",
    ]


def test_every_difficult_file_is_in_clips_with_its_status_and_reason(
    data: Path, tmp_path: Path, extractor: CueExtractor
) -> None:
    extract(build_index(data / "difficult"), tmp_path / "store", ExtractConfig(), workers=2)
    clips = pd.read_parquet(tmp_path / "store/clips.parquet").set_index("clip_id")
    expected = {Path(name).stem: (str(status), reason and str(reason)) for name, (status, reason) in EXPECTED.items()}
    found = {clip: (row["status"], None if pd.isna(row["reason"]) else row["reason"]) for clip, row in clips.iterrows()}
    assert found == expected
    frames = pd.read_parquet(tmp_path / "store/frames", columns=["clip_id", "frame"])
    counts = frames.groupby("clip_id").size()
    assert (counts == clips["frames"].reindex(counts.index)).all()
    assert set(counts.index) == set(clips.index[clips["status"] != "failed"])
