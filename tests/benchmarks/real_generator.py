"""A `tiny` generator and its mapper for real faces, learnt from real clips and from portraits that were made to move.

    python -m tests.benchmarks.real_generator DATA OUT

DATA is the folder of real clips. Nobody of DATA/mead is learnt from: OUT/mapper is what end_to_end.py renders them
with. Everything is done by public commands, which are echoed; given again, the same command goes on where it stopped.
What comes out has learnt real faces: it is not to be committed, nor are pictures of it.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
from rich.console import Console

from facecues.errors import ClipError, UsageError
from facecues.models.warp.portrait import read_portrait
from facecues.pipelines.generation.people import People
from facecues.pipelines.generation.videos import picture_at
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from tests.benchmarks.stage1_results import facecues

FOLDERS = ("real", "emotion_sources", "methods/reference", "mead_crop256")
# People of DATA/mead under other names: they are rendered, and have to be strangers.
STRANGERS = ("emotion_sources/happy.mp4", "emotion_sources/sad.mp4", "mead_crop256/M030_*")
ONE_PERSON = "W009"
CONFIG = "train: {per_clip: 48}\n"
RENDERED = 32  # actors of moved portraits, as many as there are clips of real people


def main() -> None:
    """Gathers, moves portraits, trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    told = parser.parse_args()
    clips, both, out = told.out / "clips", told.out / "both", told.out
    for source, place in _placed(told.data):
        _copy(source, clips / place)
    facecues(["extract", clips, out / "clips-store", "--fail-above", "1"])
    portraits = [word for path in _portraits(clips, out) for word in ("--portrait", path)]
    made_like = ["--emotions", "happy,sad", "--levels", 3, "--clips", 1, "--size", 256]
    facecues(["synth", both, "--actors", RENDERED, *made_like, *portraits])
    for path in sorted(clips.rglob("*.mp4")):
        _copy(path, both / path.relative_to(clips))
    facecues(["extract", both, out / "store", "--fail-above", "1"])
    (out / "generator.yaml").write_text(CONFIG)
    known = [out / "store", "--data", both]
    preset = ["--preset", "tiny", "--config", out / "generator.yaml"]
    facecues(["train", "generator", *known, *preset, "--out", out / "generator"])
    facecues(["train", "keypoints", *known, "--generator", out / "generator", "--out", out / "mapper"])


def _placed(data: Path) -> Iterator[tuple[Path, str]]:
    """Clips, and where MEAD would have them; each file is somebody else, but for those of one person."""
    number = 0
    for folder in FOLDERS:
        for path in sorted((data / folder).iterdir()):
            name = path.relative_to(data)
            if path.suffix not in (".mp4", ".mov") or any(name.match(pattern) for pattern in STRANGERS):
                continue
            number += 1
            actor = ONE_PERSON if path.name.startswith(ONE_PERSON) else f"M{900 + number}"
            yield path, f"{actor}/video/front/neutral/level_1/{number:03d}.mp4"


def _copy(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _portraits(root: Path, out: Path) -> list[Path]:
    """A frame of each actor's first clip, where it can be a portrait."""
    backend, made = FaceMeshBackend(), []
    people = People(out / "clips-store", "neutral")
    (out / "portraits").mkdir(exist_ok=True)
    for clip_id, actor in people.clips.drop_duplicates("actor")[["clip_id", "actor"]].itertuples(index=False):
        try:
            person = people.of(clip_id)
            picture = picture_at(root / person.video, person.time_s)
            read_portrait(picture, 256, backend)
        except (ClipError, UsageError) as error:
            Console().print(f"no portrait of {clip_id}: {error}", highlight=False, markup=False, soft_wrap=True)
            continue
        made.append(out / "portraits" / f"{actor}.png")
        cv2.imwrite(str(made[-1]), picture[:, :, ::-1])
    return made


if __name__ == "__main__":
    main()
