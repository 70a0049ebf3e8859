import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecues.pipelines.atomic import StoreError, replacing
from facecues.pipelines.frames import ROW_GROUP, FrameWriter, clips_in, merge_into
from facecues.schema import FRAME_SCHEMA
from tests.pipelines.stub_extractor import cue_batch


def rows(clip, frames, seed=0):
    """Frame rows of a clip, in batches of 7."""
    rng = np.random.default_rng([seed, *clip.encode()])
    for start in range(0, frames, 7):
        batch = cue_batch(rng, range(start, min(start + 7, frames)))
        yield pa.RecordBatch.from_arrays([pa.repeat(clip, batch.num_rows), *batch.columns], schema=FRAME_SCHEMA)


def stage(path, clip, frames, seed=0):
    with FrameWriter(path) as writer:
        for batch in rows(clip, frames, seed):
            writer.write(batch)
    return f"key{seed}", path


@pytest.fixture
def staged(tmp_path):
    """Three clips that wait, given out of order."""
    return {clip: stage(tmp_path / clip, clip, frames) for clip, frames in (("c", 9), ("a", 20), ("b", 1))}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "frames" / "group.parquet"


def held(target):
    table = pq.read_table(target)
    return list(zip(table["clip_id"].to_pylist(), table["frame"].to_pylist(), strict=True))


def all_of(**clips):
    return [(clip, frame) for clip, frames in clips.items() for frame in range(frames)]


def test_a_merge_sorts_by_clip_then_frame_and_takes_away_what_was_staged(target, staged):
    merge_into(target, staged, set())
    assert held(target) == all_of(a=20, b=1, c=9)
    assert clips_in(target) == {"a": "key0", "b": "key0", "c": "key0"}
    assert not any(file.exists() for _, file in staged.values())


def test_a_merge_replaces_adds_drops_and_keeps(target, staged, tmp_path):
    merge_into(target, staged, set())
    new = {clip: stage(tmp_path / clip, clip, frames, seed=1) for clip, frames in (("d", 3), ("a", 5))}
    merge_into(target, new, {"c", "unheard of"})
    assert held(target) == all_of(a=5, b=1, d=3)
    assert clips_in(target) == {"a": "key1", "b": "key0", "d": "key1"}


def test_rows_come_through_a_merge_unchanged(target, tmp_path):
    frames = ROW_GROUP + 100
    merge_into(target, {"a": stage(tmp_path / "a", "a", frames)}, set())
    assert pq.read_table(target).equals(pa.Table.from_batches(rows("a", frames)))


def test_a_merge_given_again_gives_the_same_bytes(target, staged, tmp_path):
    copies = {clip: file.read_bytes() for clip, (_, file) in staged.items()}
    merge_into(target, staged, set())
    once = target.read_bytes()
    for clip, content in copies.items():
        (tmp_path / clip).write_bytes(content)
    merge_into(target, staged, set())
    assert target.read_bytes() == once
    assert not any((tmp_path / clip).exists() for clip in copies)


def test_a_merge_goes_on_where_its_process_ended_amid_the_deleting(target, staged, tmp_path):
    kept = (tmp_path / "b").read_bytes()
    merge_into(target, staged, set())
    once = target.read_bytes()
    (tmp_path / "b").write_bytes(kept)
    merge_into(target, staged, {"a"})  # a failed before it was staged
    assert target.read_bytes() == once
    assert not (tmp_path / "b").exists()


def test_the_order_of_merges_does_not_show_in_the_bytes(target, tmp_path):
    clips = {clip: 700 for clip in "abcdef"}
    merge_into(target, {clip: stage(tmp_path / clip, clip, frames) for clip, frames in clips.items()}, set())
    for clip in "fbdace":
        merge_into(tmp_path / "other", {clip: stage(tmp_path / clip, clip, 700)}, set())
    assert target.read_bytes() == (tmp_path / "other").read_bytes()


def test_a_group_that_loses_its_last_clip_has_no_file(target, tmp_path):
    merge_into(target, {"a": stage(tmp_path / "a", "a", 3)}, set())
    merge_into(target, {}, {"a"})
    assert not target.exists()
    assert clips_in(target) == {}


def test_dropping_what_is_not_there_touches_nothing(target, tmp_path):
    merge_into(target, {}, {"x"})
    assert not target.exists()
    merge_into(target, {"a": stage(tmp_path / "a", "a", 3)}, set())
    before = target.stat()
    merge_into(target, {}, {"x"})
    after = target.stat()
    assert all(getattr(after, of) == getattr(before, of) for of in ("st_ino", "st_mtime_ns", "st_ctime_ns"))


def test_row_groups_are_bounded_wherever_batches_end(tmp_path):
    stage(tmp_path / "file", "a", 2 * ROW_GROUP + 5)
    metadata = pq.read_metadata(tmp_path / "file")
    sizes = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    assert sizes == [ROW_GROUP, ROW_GROUP, 5]


def test_batches_do_not_show_in_the_bytes(tmp_path):
    whole = pa.Table.from_batches(rows("a", 5000)).combine_chunks()
    stage(tmp_path / "small", "a", 5000)
    with FrameWriter(tmp_path / "large") as writer:
        for batch in whole.to_batches():
            writer.write(batch)
    assert (tmp_path / "small").read_bytes() == (tmp_path / "large").read_bytes()


def test_a_damaged_staged_file_leaves_the_group_as_it_was(target, staged, tmp_path):
    merge_into(target, staged, set())
    before = target.read_bytes()
    (tmp_path / "d").write_bytes(b"PAR1 torn")
    with pytest.raises(StoreError, match=r"/d cannot be read .* or delete it"):
        merge_into(target, {"d": ("key", tmp_path / "d")}, set())
    assert target.read_bytes() == before
    assert [file.name for file in target.parent.iterdir()] == ["group.parquet"]


def test_a_full_disk_is_told_in_a_sentence():
    with (
        pytest.raises(StoreError, match=r"Cannot write /dev/full: .*[Nn]o space left"),
        FrameWriter(Path("/dev/full")) as writer,
    ):
        for batch in rows("a", 5000):
            writer.write(batch)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(ValueError, match="as asked"), replacing(target) as temporary:
        temporary.write_text("half")
        raise ValueError("as asked")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["new"]


MEMORY = """
import sys
from pathlib import Path
import pyarrow as pa
from facecues.pipelines.frames import FrameWriter, merge_into
from facecues.schema import FRAME_SCHEMA
from tests.pipelines.test_frames import rows
folder, times = Path(sys.argv[1]), int(sys.argv[2])
base = list(rows("x", 1400))
def stage(clip):
    with FrameWriter(folder / clip) as writer:
        for batch in times * base:
            writer.write(batch.set_column(0, "clip_id", pa.repeat(clip, batch.num_rows)))
    return "key", folder / clip
merge_into(folder / "group", {"a": stage("a"), "c": stage("c")}, set())
merge_into(folder / "group", {"b": stage("b")}, {"c"})
print(pa.default_memory_pool().max_memory())
"""


def test_memory_does_not_grow_with_the_clip(tmp_path):
    """2800 frames, and 56,000: half an hour."""

    def peak(times):
        folder = tmp_path / str(times)
        folder.mkdir()
        command = [sys.executable, "-c", MEMORY, str(folder), str(times)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert peak(40) - peak(2) < 20e6
