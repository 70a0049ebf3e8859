"""`facecues train emotion` as a pipeline: both classifiers, their folders, resuming and refusing."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from facecues.cues import load_clips
from facecues.errors import UsageError
from facecues.labels import EMOTIONS
from facecues.metrics.contracts import Batch
from facecues.metrics.networks.emotion_classifiers import emotion_classifier
from facecues.models.emotion.config import CueClassifierConfig, CueTraining, FaceTraining, TrainEmotionConfig
from facecues.models.emotion.folder import load_cue_classifier
from facecues.models.synth.corpus import SynthConfig
from facecues.pipelines.atomic import StoreError
from facecues.pipelines.synth import synthesise
from facecues.pipelines.training.crops import SQUARE, cut_faces
from facecues.pipelines.training.emotion import train_emotion
from facecues.pipelines.training.faces import train_face_classifier

BRIEF = {"epochs": 2, "least_steps": 2, "batch": 8}
SETTINGS = TrainEmotionConfig(
    cues=CueTraining(network=CueClassifierConfig(hidden=8), crop=(10, 20), **BRIEF),
    faces=FaceTraining(frames=3, **BRIEF),
    held_out=0.5,
)
FILES = {"emotion.json", "emotion.safetensors", "log.jsonl", "training.json", "training.png"}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, extractor):
    """Two actors, happy and sad, eight clips of a second. Made with what `extractor` has fetched."""
    config = SynthConfig(actors=2, emotions=("happy", "sad"), levels=(3,), clips=2, size=256, seconds=(1.0, 1.2))
    return synthesise(tmp_path_factory.mktemp("corpus") / "root", config, workers=1).root


@pytest.fixture
def bare(corpus, tmp_path):
    """A store far from its videos."""
    store = tmp_path / "elsewhere" / "store"
    store.parent.mkdir()
    store.symlink_to(corpus / "truth")
    return store


def contents(out):
    """Every file but the times in logs."""
    held = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    return {name: content for name, content in held.items() if name.endswith((".safetensors", "emotion.json", ".npy"))}


def test_both_classifiers_are_trained_and_can_be_used(corpus, tmp_path) -> None:
    told = []
    out = tmp_path / "out"
    made = train_emotion(corpus / "truth", out, SETTINGS, progress=lambda *what: told.append(what))
    assert {path.name for path in (out / "cues").iterdir()} == FILES
    assert {path.name for path in (out / "faces").iterdir()} == FILES
    assert len(list((out / "crops").iterdir())) == 8
    assert made.why_no_faces is None
    assert (made.cues.clips, made.cues.held_out_clips) == (made.faces.clips, made.faces.held_out_clips) == (4, 4)
    assert made.cues.held_out == made.faces.held_out
    assert told[-1] == ("training on faces", 2, 2)
    assert ("training on cues", 1, 2) in told
    for name, log in (("cues", made.cues), ("faces", made.faces)):
        lines = [json.loads(line) for line in (out / name / "log.jsonl").read_text().splitlines()]
        assert lines == [epoch.model_dump() for epoch in log.epochs]

    judge = load_cue_classifier(out / "cues")
    assert judge.classes == ("happy", "sad")
    faces = emotion_classifier(str(out / "faces"))
    assert faces.classes == ("happy", "sad")
    pictures = np.full((1, 256, 256, 3), 128, np.uint8)
    landmarks = np.random.default_rng(0).uniform(80, 170, (1, 68, 3)).astype(np.float32)
    assert faces.features(Batch(pictures, landmarks)).sum() == pytest.approx(1, abs=1e-5)


def test_what_is_finished_is_skipped_and_an_interrupted_run_ends_as_an_undisturbed_one(corpus, tmp_path) -> None:
    whole = tmp_path / "whole"
    train_emotion(corpus / "truth", whole, SETTINGS)
    expected = contents(whole)
    again = train_emotion(corpus / "truth", whole, SETTINGS)
    assert again.skipped == ("cues", "faces")
    assert contents(whole) == expected

    halted = tmp_path / "halted"

    def halt(what, done, total):
        if what == "training on faces":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_emotion(corpus / "truth", halted, SETTINGS, progress=halt)
    resumed = train_emotion(corpus / "truth", halted, SETTINGS)
    assert resumed.skipped == ("cues",)
    assert contents(halted) == expected


def test_other_settings_are_refused_with_both_named(bare, tmp_path) -> None:
    out = tmp_path / "out"
    train_emotion(bare, out, SETTINGS)
    before = contents(out)
    for update, says in (
        ({"seed": 7}, "trained with seed = 0, now it is 7"),
        ({"faces": FaceTraining(frames=9, **BRIEF)}, "trained with faces.frames = 3, now it is 9"),
    ):
        with pytest.raises(UsageError, match=says):
            train_emotion(bare, out, SETTINGS.model_copy(update=update))
    assert contents(out) == before


def test_other_clips_are_refused(bare, tmp_path) -> None:
    train_emotion(bare, tmp_path / "out", SETTINGS)
    fewer = shutil.copytree(bare, tmp_path / "fewer")
    clips = pd.read_parquet(fewer / "clips.parquet", dtype_backend="pyarrow")
    clips.iloc[1:].to_parquet(fewer / "clips.parquet")
    with pytest.raises(UsageError, match=r"trained with clips = 8 \(\w+\), now it is 7 \("):
        train_emotion(fewer, tmp_path / "out", SETTINGS)


def test_without_videos_a_sentence_says_so_and_cues_are_trained_all_the_same(bare, tmp_path) -> None:
    made = train_emotion(bare, tmp_path / "out", SETTINGS)
    assert made.faces is None
    assert "has none of the videos" in made.why_no_faces
    assert not (tmp_path / "out" / "faces").exists()


def test_videos_that_come_later_are_used_then(corpus, bare, tmp_path) -> None:
    train_emotion(bare, tmp_path / "out", SETTINGS)
    made = train_emotion(bare, tmp_path / "out", SETTINGS, data_root=corpus)
    assert made.skipped == ("cues",)
    assert made.faces is not None


def test_a_root_without_the_videos_and_a_foreign_folder_are_refused_before_any_work(bare, tmp_path) -> None:
    with pytest.raises(UsageError, match="has none of the videos of"):
        train_emotion(bare, tmp_path / "out", SETTINGS, data_root=tmp_path)
    assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else than emotion classifiers"):
        train_emotion(bare, tmp_path / "full", SETTINGS)
    with pytest.raises(UsageError, match="--device cpu, cuda"):
        train_emotion(bare, tmp_path / "out", SETTINGS.model_copy(update={"device": "abacus"}))


def test_a_broken_record_says_what_to_do(bare, tmp_path) -> None:
    train_emotion(bare, tmp_path / "out", SETTINGS)
    (tmp_path / "out" / "cues" / "training.json").write_text("{")
    with pytest.raises(StoreError, match=r"delete .*cues, and the classifier is trained again"):
        train_emotion(bare, tmp_path / "out", SETTINGS)
    (tmp_path / "out" / "emotion-training.json").write_text("[")
    with pytest.raises(UsageError, match="does not read: use another --out"):
        train_emotion(bare, tmp_path / "out", SETTINGS)


def test_crops_are_cut_once_and_lie_where_the_classifier_looks(corpus, tmp_path, monkeypatch) -> None:
    clips = load_clips(corpus / "truth")
    crops = cut_faces(corpus / "truth", clips, corpus, tmp_path, 3, threads=1)
    assert [one.shape for one in crops] == [(3, SQUARE.size, SQUARE.size, 1)] * len(clips)
    assert all(one.std() > 10 for one in crops)  # there is something in them

    def never(*_):
        raise AssertionError("a video was opened again")

    monkeypatch.setattr("facecues.pipelines.training.crops.Decoder", never)
    for one, same in zip(crops, cut_faces(corpus / "truth", clips, corpus, tmp_path, 3), strict=True):
        np.testing.assert_array_equal(one, same)


def test_broken_crops_are_cut_again_and_videos_that_do_not_decode_give_none(corpus, tmp_path) -> None:
    clips = load_clips(corpus / "truth")
    crops = cut_faces(corpus / "truth", clips, corpus, tmp_path / "cache", 2)
    for kept in (tmp_path / "cache").iterdir():
        kept.write_bytes(kept.read_bytes()[:100])
    again = cut_faces(corpus / "truth", clips, corpus, tmp_path / "cache", 2)
    np.testing.assert_array_equal(np.concatenate(crops), np.concatenate(again))
    video = tmp_path / "root" / clips["video"][0]
    video.parent.mkdir(parents=True)
    video.write_bytes(b"no video")
    none = cut_faces(corpus / "truth", clips, tmp_path / "root", tmp_path / "new", 2)
    assert [len(one) for one in none] == [0] * len(clips)


def test_face_crops_are_learnt_from() -> None:
    """Smiles that are bright at the bottom, frowns at the top, under noise."""
    rng = np.random.default_rng(0)
    clips = pd.DataFrame([(actor, emotion) for actor in "ABCD" for emotion in EMOTIONS[:2] for _ in range(4)])
    crops = [rng.integers(60, 160, (3, SQUARE.size, SQUARE.size, 1)).astype(np.uint8) for _ in range(len(clips))]
    for emotion, pictures in zip(clips[1], crops, strict=True):
        half = slice(0, 32) if emotion == EMOTIONS[0] else slice(32, 64)
        pictures[:, half] += 60
    training = FaceTraining(epochs=4, least_steps=10, batch=16)
    trained = train_face_classifier(crops, list(clips[0]), list(clips[1]), training, held_out={"C"})
    assert trained.log.accuracy == {"together": 1.0}
    assert trained.emotions == EMOTIONS[:2]
    assert (trained.log.clips, trained.log.held_out_clips) == (24, 8)
