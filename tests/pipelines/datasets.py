"""Small MEAD-shaped trees of stub "videos", and what stores of them hold."""

import json
import time
from pathlib import Path

import pyarrow.parquet as pq

from facecues.config import ExtractConfig, Limits
from facecues.pipelines.extract import extract
from facecues.preprocess.index import build_index
from tests.pipelines.stub_extractor import build

REPOSITORY = Path(__file__).parents[2]
CONFIG = ExtractConfig(limits=Limits(clip_timeout_s=60))


def video(root, clip_id):
    actor, *rest = clip_id.split("/")
    return root.joinpath(actor, "video", *rest).with_suffix(".mp4")


def write(root, clip_id, text):
    path = video(root, clip_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_dataset(root, says="", clips=5):
    """Two actors, two emotions, `clips` clips each of 21, 22, ... frames; `says` goes into every clip."""
    for actor in ("M003", "W009"):
        for emotion in ("angry", "happy"):
            for number in range(1, clips + 1):
                clip_id = f"{actor}/front/{emotion}/level_1/{number:03d}"
                write(root, clip_id, f"frames={20 + number} seed={clip_id} {says}")
    return root


def run(root, store, cluster=None, **options):
    return extract(
        build_index(root, "mead"), store, options.pop("config", CONFIG), scheduler=cluster, build=build, **options
    )


def rows(store):
    """clips.parquet by clip_id."""
    return {row["clip_id"]: row for row in pq.read_table(store / "clips.parquet").to_pylist()}


def contents(store: Path):
    """All that a store holds but the times it took: two stores are the same when these are equal."""
    held = {file.relative_to(store).as_posix(): file.read_bytes() for file in store.rglob("*") if file.is_file()}
    held["clips.parquet"] = [{**row, "seconds": None} for row in rows(store).values()]
    held["store.json"] = json.loads(held["store.json"])
    del held[".state/lock"]
    return held


def frames(store):
    """Rows of all group files."""
    return [row for file in sorted(store.glob("frames/*/*/*.parquet")) for row in pq.read_table(file).to_pylist()]


def clips_with_frames(store):
    return sorted({row["clip_id"] for row in frames(store)})


def wait_until(true, limit_s=30.0):
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
