"""A synthetic corpus: a tree that an index understands, and a truth that follows from seed and name alone."""

import json
import os
import shutil
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from facecues import cli, load_clips, load_cues, to_array
from facecues.config import ExtractConfig
from facecues.errors import FacecuesError
from facecues.metrics.mouth_audio import speech_envelope
from facecues.models.synth.corpus import SynthConfig, actor_names, caption, make_cues, plan
from facecues.pipelines.extract import extract
from facecues.pipelines.synth import synthesise
from facecues.preprocess.geometry import Similarity, fit_pose, relocate, rotation_degrees, rotation_matrix
from facecues.preprocess.index import OddityKind, build_index
from facecues.preprocess.sound import read_sound
from facecues.preprocess.template import TEMPLATE

REST = Similarity(np.eye(3), np.float64(60), np.array([128.0, 112.0, 0.0]))
CONFIG = SynthConfig(actors=2, emotions=("happy", "neutral", "sad"), levels=(3,), clips=1, size=256)  # of the fixture


def cues_of(config, clip_id):
    (clip,) = (one for one in plan(config) if one.clip_id == clip_id)
    return make_cues(config, clip, TEMPLATE, REST)


def media_of(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*.m*") if path.suffix in (".mp4", ".m4a")}


# What a corpus consists of


def test_a_plan_is_shaped_as_mead_with_men_and_women_in_turn():
    clips = plan(SynthConfig(actors=3, emotions=("neutral", "angry"), levels=(3, 1), clips=2))
    assert actor_names(4) == ("M001", "W002", "M003", "W004")
    assert [clip.clip_id for clip in clips if clip.actor == "W002"] == [
        "W002/front/angry/level_1/001",
        "W002/front/angry/level_1/002",
        "W002/front/angry/level_3/001",
        "W002/front/angry/level_3/002",
        "W002/front/neutral/level_1/001",
        "W002/front/neutral/level_1/002",
    ]
    assert clips[0].video == "M001/video/front/angry/level_1/001.mp4"
    assert clips[0].audio == "M001/audio/angry/level_1/001.m4a"
    assert all(60 <= clip.frames <= 100 for clip in clips) and len({clip.frames for clip in clips}) > 3


def test_a_clip_does_not_depend_on_which_others_are_made():
    clip_id = "W002/front/sad/level_3/001"
    few = cues_of(SynthConfig(actors=2, emotions=("sad",), levels=(3,), clips=1), clip_id)
    many = cues_of(SynthConfig(actors=9, levels=(1, 2, 3), clips=4, size=256), clip_id)
    assert few.truth.equals(many.truth)
    assert few.speech.audio.tobytes() == many.speech.audio.tobytes()


def test_seed_actor_and_number_each_change_a_clip():
    base = SynthConfig(emotions=("happy",), levels=(3,))
    one, two, three = (
        cues_of(base, f"{actor}/front/happy/level_3/{number}")
        for actor, number in (("M001", "001"), ("M001", "002"), ("M003", "001"))
    )
    reseeded = cues_of(base.model_copy(update={"seed": 1}), "M001/front/happy/level_3/001")
    assert len({cues.speech.audio.tobytes() for cues in (one, two, three, reseeded)}) == 4
    assert len({cues.truth["rotation"].flatten().to_numpy().tobytes() for cues in (one, two, three, reseeded)}) == 4


def test_truth_does_not_need_the_sound():
    (clip,) = (one for one in plan(CONFIG) if one.clip_id == "M001/front/sad/level_3/001")
    quiet = make_cues(CONFIG, clip, TEMPLATE, REST, aloud=False)
    assert quiet.truth.equals(cues_of(CONFIG, clip.clip_id).truth) and not len(quiet.speech.audio)


def test_the_pose_that_is_fitted_to_the_true_landmarks_is_the_true_pose():
    cues = cues_of(CONFIG, "M001/front/sad/level_3/001")
    fitted = fit_pose(cues.points[:, :68].astype(np.float64))
    degrees = cues.truth["rotation"].flatten().to_numpy().reshape(-1, 3)
    assert np.abs(rotation_degrees(fitted.rotation) - degrees).max() < 0.01
    assert np.abs(fitted.scale - cues.truth["scale"].to_numpy()).max() < 0.01


def test_the_caption_is_in_a_corner_and_leaves_the_frame_it_was_given_alone():
    for size in (256, 512):
        frame = np.full((size, size, 3), 128, np.uint8)
        rows, columns = np.nonzero((caption(frame) != frame).any(axis=2))
        assert (frame == 128).all() and len(rows)
        assert rows.min() > 0.93 * size and columns.max() < 0.3 * size


# The tree and the store


def test_the_index_finds_every_clip_with_its_sound_and_nothing_odd(corpus: Path):
    index = build_index(corpus)
    assert index.layout == "mead"
    assert [clip.clip_id for clip in index.clips] == sorted(clip.clip_id for clip in plan(CONFIG))
    assert all(clip.audio and clip.problem is None for clip in index.clips)
    # Fewer clips than MEAD has, and the store beside them.
    assert {oddity.kind for oddity in index.oddities} <= {OddityKind.GAP, OddityKind.OTHER_FILES}


def test_the_truth_is_a_store_of_ok_clips_with_a_face_in_every_frame(corpus: Path):
    clips, frames = load_clips(corpus / "truth"), load_cues(corpus / "truth")
    assert len(clips) == 6 and (clips["coverage"] == 1).all() and clips["message"].isna().all()
    assert set(clips["audio_rate"]) == {16000} and set(clips["fps"]) == {25.0}
    assert clips["signature"].str.startswith("synthetic|seed:0|").all()
    assert clips.set_index("clip_id")["frames"].to_dict() == {clip.clip_id: clip.frames for clip in plan(CONFIG)}
    assert not frames.drop(columns="reason").isna().any(axis=None) and frames["reason"].isna().all()
    assert (frames["time_s"] == frames["frame"] / 25).all()


def test_true_landmarks_are_scale_times_rotation_times_normalized_plus_translation(corpus: Path):
    frames = load_cues(corpus / "truth")
    pose = Similarity(
        rotation_matrix(to_array(frames["rotation"]).astype(np.float64)),
        frames["scale"].to_numpy(np.float64),
        to_array(frames["translation"]).astype(np.float64),
    )
    again = relocate(to_array(frames["normalized"], (68, 3)).astype(np.float64), pose)
    assert np.abs(again - to_array(frames["landmarks"], (68, 3))).max() <= 1e-4


def test_the_videos_say_that_they_are_synthetic_and_last_as_long_as_the_truth(corpus: Path):
    for clip in plan(CONFIG):
        with av.open(str(corpus / clip.video)) as container:
            assert container.metadata["title"].startswith("synthetic")
            assert "seed:0" in container.metadata["comment"] and clip.clip_id in container.metadata["comment"]
            assert not container.streams.audio
            assert sum(1 for _ in container.decode(video=0)) == clip.frames


def test_an_extraction_finds_the_face_where_the_truth_has_it(corpus: Path, tmp_path: Path):
    index = build_index(corpus)
    extract(index, tmp_path / "store", ExtractConfig(), workers=1)
    truth, found = load_cues(corpus / "truth"), load_cues(tmp_path / "store")
    assert (found["clip_id"] == truth["clip_id"]).all() and found["score"].notna().mean() > 0.99
    there = found["score"].notna().to_numpy()
    points = [to_array(frames["landmarks"], (68, 3))[there, 17:, :2] for frames in (truth, found)]
    assert np.median(np.linalg.norm(points[0] - points[1], axis=-1)) < 2  # pixels of 256


def test_the_same_seed_gives_the_same_bytes_whatever_else_is_made(corpus: Path, tmp_path: Path):
    few = SynthConfig(actors=1, emotions=("happy",), levels=(3,), clips=1, size=256)
    summary = synthesise(tmp_path / "few", few, workers=1)
    (clip,) = plan(few)
    assert (summary.clips, summary.frames, summary.skipped) == (1, clip.frames, 0)
    for path in (clip.video, clip.audio):
        assert (tmp_path / "few" / path).read_bytes() == (corpus / path).read_bytes()
    group = "truth/frames/actor=M001/view=front/happy_level_3.parquet"
    assert pq.read_table(tmp_path / "few" / group).equals(pq.read_table(corpus / group))


def test_sketches_show_the_truth_and_change_nothing_but_the_pictures(corpus: Path, tmp_path: Path):
    config = CONFIG.model_copy(update={"pictures": "sketch"})
    summary = synthesise(tmp_path / "lines", config, workers=1)
    assert (summary.clips, summary.skipped) == (6, 0)
    for clip in plan(CONFIG):
        drawn, painted = (root / clip.video for root in (tmp_path / "lines", corpus))
        assert drawn.read_bytes() != painted.read_bytes()
        assert (tmp_path / "lines" / clip.audio).read_bytes() == (corpus / clip.audio).read_bytes()
        with av.open(str(drawn)) as one, av.open(str(painted)) as other:
            assert one.metadata == other.metadata and one.metadata["title"].startswith("synthetic")
            assert one.streams.video[0].width == one.streams.video[0].height == 256
            assert one.streams.video[0].frames == other.streams.video[0].frames == clip.frames
    for table in sorted((corpus / "truth/frames").rglob("*.parquet")):
        assert pq.read_table(tmp_path / "lines" / table.relative_to(corpus)).equals(pq.read_table(table))
    columns = ["seconds", "content_key"]  # the clock's, and the video's bytes
    clips = [
        pd.read_parquet(root / "truth/clips.parquet").drop(columns=columns) for root in (tmp_path / "lines", corpus)
    ]
    pd.testing.assert_frame_equal(*clips)
    truth = load_cues(tmp_path / "lines/truth")
    clip = plan(CONFIG)[0]
    points = to_array(truth["landmarks"], (68, 3))[truth["clip_id"] == clip.clip_id, :, :2]
    with av.open(str(tmp_path / "lines" / clip.video)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    for picture, places in zip(frames, points, strict=True):
        columns, rows = np.round(places).astype(int).T
        assert np.median(picture) > 220 and cv2.erode(picture, np.ones((3, 3)))[rows, columns].max() < 160


def test_pictures_of_another_kind_are_refused_and_older_corpora_have_portraits(corpus: Path, tmp_path: Path):
    root = tmp_path / "corpus"
    shutil.copytree(corpus, root)
    settings = json.loads((root / "synth.json").read_text())
    assert settings.pop("pictures") == "portrait"
    (root / "synth.json").write_text(json.dumps(settings))
    with pytest.raises(FacecuesError, match=r'pictures "portrait", and this run asks for pictures "sketch"'):
        synthesise(root, CONFIG.model_copy(update={"pictures": "sketch"}), workers=1)
    assert "pictures" not in json.loads((root / "synth.json").read_text())
    assert synthesise(root, CONFIG, workers=1).skipped == 6


def test_a_second_run_makes_what_is_missing_and_nothing_else(corpus: Path, tmp_path: Path):
    root = tmp_path / "corpus"
    shutil.copytree(corpus, root)
    lost, left = root / "W002/video/front/sad/level_3/001.mp4", root / "M001/video/front/.001.mp4.0123456789ab.tmp"
    content, before = lost.read_bytes(), media_of(root)
    lost.unlink()
    left.write_text("of a run that was killed")
    events = []
    summary = synthesise(root, CONFIG, workers=1, progress=events.append)
    assert (summary.clips, summary.skipped, summary.interrupted) == (6, 5, False)
    assert [(event.done, event.total) for event in events] == [(6, 6)]
    assert lost.read_bytes() == content and not left.exists()
    after = media_of(root)
    assert {path for path in before if after[path] != before[path]} == {lost, root / "W002/audio/sad/level_3/001.m4a"}
    clips = [pd.read_parquet(one / "truth/clips.parquet").drop(columns="seconds") for one in (corpus, root)]
    pd.testing.assert_frame_equal(*clips)


def test_a_video_of_another_origin_is_not_given_a_truth(corpus: Path, tmp_path: Path):
    root = tmp_path / "corpus"
    shutil.copytree(corpus, root)
    shutil.copy(root / "M001/video/front/sad/level_3/001.mp4", root / "W002/video/front/sad/level_3/001.mp4")
    with pytest.raises(FacecuesError, match=r"W002/front/sad/level_3/001.*not one that this corpus has"):
        synthesise(root, CONFIG, workers=1)


def test_a_run_that_is_interrupted_says_how_far_it_came_and_the_next_one_goes_on(tmp_path: Path):
    def interrupt(event):
        raise KeyboardInterrupt

    config = SynthConfig(actors=1, emotions=("happy",), levels=(1, 3), clips=2, size=256, seconds=(1, 1))
    first = synthesise(tmp_path / "corpus", config, workers=1, progress=interrupt)
    assert first.interrupted and first.frames == 25 and not (first.truth / "clips.parquet").exists()
    second = synthesise(tmp_path / "corpus", config, workers=1)
    assert not second.interrupted and second.skipped >= 1
    assert (load_clips(second.truth)["frames"] == 25).all() and len(load_clips(second.truth)) == 4


# The command line


@pytest.fixture
def command(monkeypatch, capsys):
    """`facecues synth` in this process: exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["facecues", "synth", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{tmp}/new", "--actors", "0"], ["actors", "0"]),
        (["{tmp}/new", "--clips", "0"], ["clips", "0"]),
        (["{tmp}/new", "--seed", "-1"], ["seed", "-1"]),
        (["{tmp}/new", "--size", "300"], ["256", "512", "300"]),
        (["{tmp}/new", "--emotions", "happy,joyful"], ["joyful", "angry", "surprised"]),
        (["{tmp}/new", "--pictures", "cartoon"], ["portrait", "sketch", "cartoon"]),
        (["{tmp}/new", "--levels", "1,4"], ["Unknown level 4", "1, 2, 3"]),
        (["{tmp}/new", "--levels", "high"], ["levels", "high"]),
        (["{tmp}/new", "--workers", "0"], ["one worker", "0"]),
        (["{tmp}/file"], ["file"]),
        (["{tmp}/file/new"], ["file"]),
        (["{tmp}/occupied"], ["occupied", "not empty"]),
        (["{corpus}", "--actors", "3"], ["actors 2", "actors 3"]),
        (["{tmp}/new", "--portrait", "{tmp}/absent.png"], ["absent.png"]),
        (["{tmp}/new", "--portrait", "{tmp}/file"], ["file", "no picture"]),
        (["{tmp}/new", "--portrait", "{tmp}/blank.png"], ["no face"]),
        (["{tmp}/new", "--portrait", "{tmp}/pair.png"], ["2 faces"]),
    ],
    ids=lambda value: " ".join(value[1:]) or value[0] if isinstance(value, list) else None,
)
def test_bad_use_is_one_sentence_and_writes_nothing(
    corpus: Path, tmp_path: Path, command, astronaut, *, arguments, words
):
    (tmp_path / "file").write_text("something")
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied/notes.txt").write_text("mine")
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((256, 256), 128, np.uint8))
    face = astronaut[:256, 96:352, ::-1]
    cv2.imwrite(str(tmp_path / "pair.png"), np.hstack([face, face]))
    before = sorted(tmp_path.rglob("*"))
    given = [one.format(tmp=tmp_path, corpus=corpus) for one in arguments]
    if "{corpus}" in arguments:
        given += ["--emotions", "happy,neutral,sad", "--levels", "3", "--clips", "1", "--size", "256"]
    code, out, err = command(*given)
    assert code == 2 and out == "", err
    assert err.startswith("facecues: ") and err.count("\n") == 1, err
    assert all(word in err for word in words), err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_one_sentence(tmp_path: Path, command):
    tmp_path.chmod(0o500)
    code, out, err = command(tmp_path / "new")
    assert code == 2 and out == "" and "No right to write" in err


def test_portraits_of_the_user_are_taken_in_turn_grey_or_transparent(astronaut, tmp_path: Path, command):
    clear = np.dstack([astronaut, np.full((512, 512), 255, np.uint8)])
    cv2.imwrite(str(tmp_path / "grey.png"), cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY))
    cv2.imwrite(str(tmp_path / "clear.png"), clear[..., [2, 1, 0, 3]])
    code, out, err = command(
        tmp_path / "corpus", "--actors", 2, "--emotions", "neutral", "--clips", 1, "--size", 256,
        "--portrait", tmp_path / "grey.png", "--portrait", tmp_path / "clear.png", "--workers", 1, "--json",
    )  # fmt: skip
    assert code == 0, err
    assert (json.loads(out)["clips"], json.loads(out)["skipped"]) == (2, 0)
    saturation = {}
    for clip in load_clips(tmp_path / "corpus/truth").itertuples():
        with av.open(str(tmp_path / "corpus" / clip.video)) as container:
            frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
        saturation[clip.actor] = np.ptp(frame, axis=2).mean()
    assert saturation["W002"] > saturation["M001"]


def test_the_true_mouth_opens_with_the_sound_and_at_no_other_time(corpus):
    by_lag = {lag: [] for lag in (-5, -3, 0, 3, 5)}
    for clip_id, rows in load_cues(corpus / "truth").groupby("clip_id"):
        points = to_array(rows["normalized"], (68, 3))
        opening = points[:, 66, 1] - points[:, 62, 1]
        actor, _, *rest = str(clip_id).split("/")
        sound = read_sound(corpus.joinpath(actor, "audio", *rest).with_suffix(".m4a"))
        loudness = speech_envelope(sound, len(opening))
        for lag, found in by_lag.items():
            inside = slice(5, len(opening) - 5)
            found.append(np.corrcoef(opening[inside], np.roll(loudness, lag)[inside])[0, 1])
    mean = {lag: float(np.mean(found)) for lag, found in by_lag.items()}
    assert mean.pop(0) >= 0.6
    assert max(mean.values()) < 0.4
