"""What a run leaves behind, and what a run after it does."""

import json
import os
import shutil
import signal
from pathlib import Path

import duckdb
import pandas as pd
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from facecues.config import ExtractConfig, Limits
from facecues.errors import FacecuesError, UsageError
from facecues.pipelines.atomic import StoreError
from facecues.pipelines.extract import extract
from facecues.pipelines.store import Header, open_store
from facecues.preprocess.index import build_index
from facecues.schema import CLIP_SCHEMA, FRAME_SCHEMA
from tests.pipelines.datasets import (
    CONFIG,
    clips_with_frames,
    contents,
    frames,
    rows,
    run,
    video,
    write,
)
from tests.pipelines.stub_extractor import build

FIRST = "M003/front/angry/level_1/001"
SECOND = "M003/front/angry/level_1/002"


@pytest.fixture
def filled(dataset, store, cluster):
    run(dataset, store, cluster)
    return store


def redone(store, before):
    """Clips whose extraction took another time than before: those that ran again."""
    return [clip for clip, row in rows(store).items() if row["seconds"] != before[clip]["seconds"]]


def test_every_clip_has_a_row_and_every_frame_has_one(dataset, store, cluster):
    summary = run(dataset, store, cluster)
    assert (summary.clips, summary.ok, summary.failed, summary.skipped) == (20, 20, 0, 0)
    assert [row["frames"] for row in rows(store).values()] == 4 * [21, 22, 23, 24, 25]
    assert list(rows(store)) == sorted(rows(store))
    assert summary.frames == len(frames(store)) == 4 * (21 + 22 + 23 + 24 + 25)


def test_each_group_is_one_file_sorted_by_clip_and_frame(filled):
    files = sorted(file.relative_to(filled / "frames").as_posix() for file in filled.rglob("frames/**/*.parquet"))
    assert files == [
        f"actor={actor}/view=front/{emotion}_level_1.parquet"
        for actor in ("M003", "W009")
        for emotion in ("angry", "happy")
    ]
    for file in files:
        table = pq.read_table(filled / "frames" / file, partitioning=None)
        assert table.schema.equals(FRAME_SCHEMA)
        keys = list(zip(table["clip_id"].to_pylist(), table["frame"].to_pylist(), strict=True))
        assert keys == sorted(keys)


def test_a_finished_store_has_no_stray_files(filled):
    assert sorted(file.relative_to(filled).as_posix() for file in filled.rglob("*") if file.is_file()) == [
        ".state/ledger.jsonl",
        ".state/lock",
        ".state/sources.parquet",
        "clips.parquet",
        *(f"frames/actor={a}/view=front/{e}_level_1.parquet" for a in ("M003", "W009") for e in ("angry", "happy")),
        "store.json",
    ]
    assert (filled / ".state/ledger.jsonl").stat().st_size == 0
    assert not list(filled.glob(".state/staging*"))


def test_pandas_and_pyarrow_read_the_store_alone(filled):
    clips = pd.read_parquet(filled / "clips.parquet")
    assert pq.read_schema(filled / "clips.parquet").equals(CLIP_SCHEMA)
    assert clips["level"].tolist() == [1] * 20
    table = ds.dataset(filled / "frames", partitioning="hive").to_table()
    assert set(table["actor"].to_pylist()) == {"M003", "W009"}
    by_pandas = pd.read_parquet(filled / "frames", filters=[("actor", "==", "W009")])
    assert len(by_pandas) == len(table) / 2
    assert by_pandas["landmarks"].iloc[0].shape == (204,)


def test_duckdb_and_polars_read_the_store_alone(filled):
    files, expected = f"{filled}/frames/*/*/*.parquet", (len(frames(filled)), 2)
    assert duckdb.sql(f"select count(*), count(distinct actor) from '{files}'").fetchall() == [expected]
    lazy = polars.scan_parquet(files, hive_partitioning=True)
    assert lazy.select(polars.len(), polars.col("actor").n_unique()).collect().row(0) == expected


def test_the_schema_version_and_the_units_are_in_the_files(filled):
    for file in [filled / "clips.parquet", *filled.glob("frames/*/*/*.parquet")]:
        schema = pq.read_schema(file)
        assert schema.metadata[b"facecues_schema_version"] == b"1"
        assert all(b"unit" in field.metadata for field in schema)
    units = json.loads(pq.read_metadata(file).metadata[b"facecues_units"])
    assert units["rotation"] == "pitch yaw roll, degrees"


def test_float_columns_are_split_by_byte_and_have_no_dictionary(filled):
    group = pq.ParquetFile(next(filled.glob("frames/*/*/*.parquet"))).metadata.row_group(0)
    for column in map(group.column, range(group.num_columns)):
        assert column.compression == "ZSTD"
        if column.physical_type in ("FLOAT", "DOUBLE"):
            assert "BYTE_STREAM_SPLIT" in column.encodings
            assert not column.has_dictionary_page


def test_the_header_tells_how_the_store_was_made(filled):
    header = json.loads((filled / "store.json").read_text())
    assert header["schema_version"] == 1
    assert header["signature"] == build(CONFIG).signature
    assert header["config"]["landmarks"] == "facemesh"
    assert header["weights"] == {"stub.bin": "0" * 64}
    assert header["packages"]["facecues"]
    assert header["counts"] == {"clips": 20, "ok": 20, "partial": 0, "failed": 0, "frames": 460}


def test_a_clip_that_fails_costs_that_clip_alone(dataset, store, cluster):
    write(dataset, FIRST, "refuse")
    write(dataset, SECOND, "crash")
    write(dataset, "M003/front/angry/level_1/003", "")
    write(dataset, "M003/front/angry/level_1/005", "no_number")
    write(dataset, "M003/front/angry/level_1/004", "partial frames=3")
    summary = run(dataset, store, cluster)
    assert (summary.ok, summary.partial, summary.failed) == (15, 1, 4)
    found = {failure.clip_id[-3:]: (failure.reason, failure.message) for failure in summary.failures}
    assert found["001"] == ("unreadable", "no container that anyone knows")
    assert found["002"][0] == "internal_error"
    assert found["002"][1].startswith("ValueError in stub_extractor.py, line ")
    assert found["002"][1].endswith(": a fault of ours")
    assert found["003"] == ("empty_file", "the file has no bytes")
    assert found["005"][0] == "internal_error"
    assert len(rows(store)) == 20
    assert rows(store)[FIRST]["frames"] is None
    assert rows(store)[FIRST]["content_key"] is None
    assert len(clips_with_frames(store)) == 16


def test_a_group_without_any_frames_has_no_file(dataset, store, cluster):
    for number in range(1, 6):
        write(dataset, f"M003/front/angry/level_1/{number:03d}", "refuse")
    assert run(dataset, store, cluster).failed == 5
    assert len(list(store.glob("frames/*/*/*.parquet"))) == 3


def test_clips_without_labels_can_be_read_like_others(tmp_path, store, cluster):
    for name in ("b", "a"):
        write(tmp_path / "any", f"x/{name}", "frames=4")
    index = build_index(tmp_path / "any", "folder")
    extract(index, store, CONFIG, scheduler=cluster, build=build)
    assert rows(store)["x/video/a"]["actor"] is None
    assert [file.name for file in store.glob("frames/actor=unknown/view=unknown/*")] == ["unknown.parquet"]
    assert len(ds.dataset(store / "frames", partitioning="hive").to_table()) == 8
    assert (pd.read_parquet(store / "frames")["actor"] == "unknown").all()


def test_a_second_run_does_nothing_and_changes_nothing(dataset, filled, cluster):
    before, files = rows(filled), contents(filled)
    summary = run(dataset, filled, cluster)
    assert (summary.skipped, summary.frames, summary.ok) == (20, 0, 20)
    assert rows(filled) == before
    assert contents(filled) == files


def test_failed_clips_are_tried_again(dataset, store, cluster):
    write(dataset, FIRST, "refuse")
    run(dataset, store, cluster)
    before = rows(store)
    summary = run(dataset, store, cluster)
    assert (summary.skipped, summary.failed) == (19, 1)
    assert redone(store, before) == [FIRST]


def test_a_changed_video_is_redone_and_no_other(dataset, filled, cluster, tmp_path):
    before = rows(filled)
    write(dataset, FIRST, "frames=30")
    run(dataset, filled, cluster)
    assert redone(filled, before) == [FIRST]
    assert rows(filled)[FIRST]["content_key"] != before[FIRST]["content_key"]
    run(dataset, tmp_path / "anew", cluster)
    assert contents(filled) == contents(tmp_path / "anew")


def test_a_video_changed_behind_its_size_and_date_is_redone(dataset, filled, cluster):
    before = rows(filled)
    path = video(dataset, FIRST)
    status = path.stat()
    path.write_text(path.read_text().replace("frames=21", "frames=19"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    run(dataset, filled, cluster)
    assert redone(filled, before) == [FIRST]
    assert rows(filled)[FIRST]["frames"] == 19


def test_a_video_touched_but_not_changed_is_read_once_and_not_redone(dataset, filled, cluster):
    before = rows(filled)
    os.utime(video(dataset, FIRST))
    assert run(dataset, filled, cluster).skipped == 19
    assert rows(filled) == before
    assert run(dataset, filled, cluster).skipped == 20


def test_a_dataset_that_moved_is_not_redone(dataset, filled, cluster, tmp_path):
    before = rows(filled)
    moved = tmp_path / "elsewhere"
    shutil.copytree(dataset / "M003" / "video", moved / "deeper" / "M003" / "video" / "1")
    run(moved, filled, cluster)
    assert redone(filled, before) == []
    assert rows(filled)[FIRST]["video"] == "deeper/M003/video/1/front/angry/level_1/001.mp4"
    assert rows(filled)[FIRST]["audio"] == rows(filled)[FIRST]["video"]
    assert run(moved, filled, cluster).skipped == 10


def test_a_new_sound_file_makes_the_clip_anew(dataset, filled, cluster):
    before = rows(filled)
    sound = dataset / "M003/audio/angry/level_1/001.m4a"
    sound.parent.mkdir(parents=True)
    sound.write_bytes(b"sound")
    run(dataset, filled, cluster)
    assert redone(filled, before) == [FIRST]
    assert rows(filled)[FIRST]["audio"] == "M003/audio/angry/level_1/001.m4a"


def test_verify_content_trusts_no_directory_entry(dataset, filled, cluster):
    before = rows(filled)
    write(dataset, FIRST, "frames=30")
    (clip,) = [clip for clip in build_index(dataset, "mead").clips if clip.clip_id == FIRST]
    table = pq.read_table(filled / ".state/sources.parquet").to_pylist()
    table[0] |= {"size": clip.size, "mtime_ns": clip.mtime_ns, "ctime_ns": clip.ctime_ns}
    schema = pq.read_schema(filled / ".state/sources.parquet")
    pq.write_table(pa.Table.from_pylist(table, schema), filled / ".state/sources.parquet")
    assert run(dataset, filled, cluster).skipped == 20
    summary = run(dataset, filled, cluster, verify_content=True)
    assert summary.skipped == 0
    assert redone(filled, before) == [FIRST]


@pytest.mark.parametrize("text", ["refuse", ""])
def test_a_clip_that_goes_bad_loses_its_frames(dataset, filled, cluster, text):
    write(dataset, FIRST, text)
    run(dataset, filled, cluster)
    assert rows(filled)[FIRST]["status"] == "failed"
    assert FIRST not in clips_with_frames(filled)
    assert len(clips_with_frames(filled)) == 19


def test_a_group_file_that_was_lost_is_made_again(dataset, filled, cluster):
    files = contents(filled)
    (filled / "frames/actor=M003/view=front/angry_level_1.parquet").unlink()
    assert run(dataset, filled, cluster).skipped == 15
    assert contents(filled) == files


def test_clips_that_the_index_does_not_have_stay(dataset, filled, cluster, tmp_path):
    files = contents(filled)
    shutil.rmtree(dataset / "M003")
    summary = run(dataset, filled, cluster)
    assert (summary.clips, summary.ok, summary.skipped) == (10, 10, 10)
    assert contents(filled) == files


def test_new_clips_join_their_group(dataset, filled, cluster, tmp_path):
    before = rows(filled)
    write(dataset, "M003/front/angry/level_1/000", "frames=5")
    write(dataset, "M003/front/angry/level_1/009", "frames=5")
    run(dataset, filled, cluster)
    assert [clip for clip in rows(filled) if clip not in before] == [FIRST[:-3] + "000", FIRST[:-3] + "009"]
    run(dataset, tmp_path / "anew", cluster)
    assert contents(filled) == contents(tmp_path / "anew")


def test_another_configuration_is_refused_and_both_are_named(dataset, filled, cluster):
    files = contents(filled)
    other = ExtractConfig(landmarks="face-landmarker")
    with pytest.raises(UsageError) as error:
        run(dataset, filled, cluster, config=other)
    assert build(CONFIG).signature in str(error.value)
    assert build(other).signature in str(error.value)
    assert contents(filled) == files


def test_other_limits_are_not_another_configuration(dataset, filled, cluster):
    looser = ExtractConfig(limits=Limits(max_seconds=7200))
    assert run(dataset, filled, cluster, config=looser).skipped == 20


def test_another_layout_is_refused(dataset, filled, cluster):
    with pytest.raises(UsageError, match=r"layout 'mead'.*'folder'"):
        extract(build_index(dataset, "folder"), filled, CONFIG, scheduler=cluster, build=build)


def test_a_store_of_another_schema_version_is_refused(dataset, filled, cluster):
    header = json.loads((filled / "store.json").read_text()) | {"schema_version": 99, "unheard_of": 1}
    (filled / "store.json").write_text(json.dumps(header))
    files = contents(filled)
    with pytest.raises(UsageError, match=r"version 99.*version 1"):
        run(dataset, filled, cluster)
    assert contents(filled) == files


def test_two_runs_at_once_are_refused(dataset, filled, cluster):
    header = Header.model_validate_json((filled / "store.json").read_text())
    with open_store(filled, header), pytest.raises(UsageError, match=f"another run .process {os.getpid()} on "):
        run(dataset, filled, cluster)


@pytest.mark.parametrize("workers", [0, -2])
def test_less_than_one_worker_is_refused(dataset, store, workers):
    with pytest.raises(UsageError, match=f"one worker or more, got {workers}"):
        run(dataset, store, workers=workers)
    assert not store.exists()


def test_workers_beside_a_scheduler_are_refused(dataset, store, cluster):
    with pytest.raises(UsageError, match="not both"):
        run(dataset, store, cluster, workers=2)
    assert not store.exists()


def test_an_extractor_that_cannot_be_had_leaves_nothing_behind(dataset, store, cluster):
    with pytest.raises(FacecuesError, match="no such backend here"):
        extract(build_index(dataset), store, CONFIG, scheduler=cluster, build=build_nothing)
    assert not store.exists()


def build_nothing(config):
    raise FacecuesError("no such backend here")


def test_an_extractor_that_kills_its_worker_is_told(dataset, store, cluster):
    with pytest.raises(FacecuesError, match="Loading the extractor ends the worker process"):
        extract(build_index(dataset), store, CONFIG, scheduler=cluster, build=build_and_die)
    assert not store.exists()


def build_and_die(config):
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_extractor_that_differs_between_workers_ends_the_run(dataset, store, cluster, client):
    client.wait_for_workers(2, timeout=60)  # one may still be on its way back from an earlier test
    with pytest.raises(FacecuesError, match="all workers have the same facecues"):
        extract(build_index(dataset), store, CONFIG, scheduler=cluster, build=build_by_process)


def build_by_process(config):
    extractor = build(config)
    extractor.signature = f"stub of process {os.getpid()}"
    return extractor


def test_a_store_that_cannot_be_written_ends_the_run_with_a_sentence(dataset, store, cluster, tmp_path):
    run(dataset, tmp_path / "undisturbed", cluster)
    text = video(dataset, FIRST).read_text()
    write(dataset, FIRST, f"lose_staging={store}/.state")
    # What meets it first is a writer, or a merge of clips that were staged before.
    with pytest.raises(StoreError, match=r"Cannot write .*No such file.* give the same command|cannot be read .*again"):
        run(dataset, store, cluster)
    write(dataset, FIRST, text)
    shutil.rmtree(store / ".state", ignore_errors=True)
    run(dataset, store, cluster)
    assert rows(store).keys() == rows(tmp_path / "undisturbed").keys()
    assert clips_with_frames(store) == clips_with_frames(tmp_path / "undisturbed")


def test_what_is_told_adds_up(dataset, store, cluster):
    events = []
    run(dataset, store, cluster, progress=events.append)
    assert [event.done for event in events] == list(range(21))
    assert events[-1].total == 20
    assert events[-1].frames == 460
    assert events[0].left_s is None
    assert events[-1].left_s == 0
    run(dataset, store, cluster, progress=events.append)
    assert (events[-1].settled, events[-1].ended) == (20, 0)


def test_relative_paths_do(dataset, store, cluster, monkeypatch):
    monkeypatch.chdir(store.parent)
    assert extract(build_index(Path("mead")), Path("store"), CONFIG, scheduler=cluster, build=build).ok == 20
