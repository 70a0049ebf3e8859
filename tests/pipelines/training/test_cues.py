"""`facecues train cues` as a pipeline: from a store to a run that generates; resumed, refused, with parts missing."""

import json
import shutil

import av
import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from scipy.io import wavfile

from facecues.cues import load_clips
from facecues.errors import UsageError
from facecues.models.cue_generator.registry import open_generator
from facecues.models.front_ends import cache
from facecues.models.media import usual_portrait
from facecues.models.synth.corpus import SynthConfig
from facecues.pipelines.generation.config import GenerateConfig
from facecues.pipelines.generation.one_off import generate_one
from facecues.pipelines.generation.run import generate
from facecues.pipelines.synth import synthesise
from facecues.pipelines.training.cues import Source, train_cues
from facecues.preprocess.sound import is_audible, read_sound
from tests.models.cue_generator.material import small

TEST = "M003"
FILES = {
    *("generator.json", "network.safetensors", "last.safetensors", "last.json"),
    *("log.jsonl", "curves.png", "validation"),
}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, extractor):
    """Three actors, happy and sad, twelve clips of a second, drawn as lines. Made with what `extractor` has fetched."""
    config = SynthConfig(
        actors=3, emotions=("happy", "sad"), levels=(3,), clips=2, size=256, pictures="sketch", seconds=(1, 1.4)
    )
    return synthesise(tmp_path_factory.mktemp("sketches") / "corpus", config, workers=1).root


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """The run of two epochs on all actors but one, and what was said of it."""
    return train_cues(Source(corpus / "truth", TEST), tmp_path_factory.mktemp("runs") / "full", small())


@pytest.fixture
def copy(corpus, tmp_path):
    """The corpus, to be changed."""
    return shutil.copytree(corpus, tmp_path / "corpus", ignore=shutil.ignore_patterns(".state"))


@pytest.fixture
def change_clips(copy):
    """Changes clips.parquet of the copy's truth/ where a clip id begins with a text."""

    def change(where, **values):
        path = copy / "truth/clips.parquet"
        clips = pd.read_parquet(path, dtype_backend="pyarrow")
        for name, value in values.items():
            clips.loc[clips["clip_id"].str.startswith(where), name] = value
        clips.to_parquet(path)

    return change


def brief(source, out, variant="full", **parts):
    return train_cues(source, out, small("full" if variant == "retrieval" else variant, **parts), variant=variant)


def losses(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in ("epoch", "train", "held_out")} for line in lines]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_store_becomes_a_run(trained) -> None:
    assert {path.name for path in trained.out.iterdir()} == FILES
    assert (trained.clips, len(trained.held_out), trained.left_out) == (4, 1, {})
    assert set(trained.held_out) < {"M001", "W002"}
    assert (trained.epochs, trained.resumed) == (2, 0) and trained.best in (1, 2)
    assert trained.parameters == json.loads((trained.out / "generator.json").read_text())["parameters"]
    assert cv2.imread(str(trained.out / "curves.png")).std() > 10


def test_validation_shows_truth_and_generated_side_by_side_with_the_sound(trained) -> None:
    videos = sorted((trained.out / "validation").iterdir())
    actor = trained.held_out[0]
    assert [video.name[: len(actor)] for video in videos] == [actor, actor]
    assert {emotion for video in videos for emotion in ("happy", "sad") if emotion in video.name} == {"happy", "sad"}
    for video in videos:
        assert is_audible(read_sound(video))
        with av.open(str(video)) as container:
            pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert 25 <= len(pictures) <= 35
        left, right = np.split(np.stack(pictures)[:, :200].astype(float), 2, axis=2)  # above the caption
        assert left.std() > 5 and right.std() > 5 and np.abs(left - right).mean() > 0.1


def test_the_same_command_again_trains_nothing(corpus, trained) -> None:
    before = contents(trained.out)
    again = train_cues(Source(corpus / "truth", TEST), trained.out, small())
    assert (again.epochs, again.resumed, again.best) == (2, 2, trained.best)
    after = contents(trained.out)
    assert all(after[name] == before[name] for name in before if name.suffix in (".json", ".jsonl", ".safetensors"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": {"learning_rate": 0.5}}, r"with train.learning_rate = 0.003, now it is 0.5"),
        ({"network": {"hidden": 16}}, r"with network.hidden = 32, now it is 16"),
        ({"variant": "gaze-regression"}, r"with network.gaze = classes, now it is regression"),
        ({"variant": "retrieval"}, r"of the kind network, and retrieval is of the kind retrieval"),
    ],
    ids=["training", "network", "variant", "kind"],
)
def test_another_configuration_in_the_same_folder_is_refused_with_both(corpus, trained, changes, words) -> None:
    before = contents(trained.out)
    with pytest.raises(UsageError, match=words):
        brief(Source(corpus / "truth", TEST), trained.out, **changes)
    assert contents(trained.out) == before


def test_other_clips_in_the_same_folder_are_refused(corpus, trained) -> None:
    before = contents(trained.out)
    with pytest.raises(UsageError, match=r"other clips or features \([0-9a-f]{16}, now [0-9a-f]{16}\)"):
        train_cues(Source(corpus / "truth", "W002"), trained.out, small())
    assert contents(trained.out) == before


def test_a_folder_with_something_else_is_refused_before_any_work(copy, tmp_path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="taken holds something else than a generator"):
        brief(Source(copy / "truth"), tmp_path / "taken")
    assert not (copy / "truth/.state/features").exists()


class _Interrupt(Exception):
    pass


def test_a_restart_in_the_middle_gives_the_same_log_and_weights(corpus, trained, tmp_path) -> None:
    def stop(what, done, total) -> None:
        if what == "epoch 2 of 2":
            raise _Interrupt

    source = Source(corpus / "truth", TEST)
    with pytest.raises(_Interrupt):
        train_cues(source, tmp_path / "run", small(), progress=stop)
    resumed = train_cues(source, tmp_path / "run", small())
    assert resumed.resumed == 1
    assert losses(tmp_path / "run") == losses(trained.out)
    weights = [(run / "network.safetensors").read_bytes() for run in (tmp_path / "run", trained.out)]
    assert weights[0] == weights[1]


def test_sound_is_listened_to_once(copy, tmp_path, monkeypatch) -> None:
    source, epoch = Source(copy / "truth", TEST, cache=tmp_path / "cache"), {"train": {"epochs": 1}}
    brief(source, tmp_path / "one", **epoch)
    assert len(list((tmp_path / "cache").iterdir())) == 8
    monkeypatch.setattr(cache, "read_sound", lambda *_, **__: pytest.fail("listened again"))
    brief(source, tmp_path / "two", **epoch)
    assert losses(tmp_path / "one") == losses(tmp_path / "two")


def test_clips_that_cannot_be_learnt_from_are_left_out_and_counted(copy, change_clips, tmp_path) -> None:
    change_clips("M001/front/happy/level_3/001", emotion=None, audio=None)
    change_clips("M001/front/happy/level_3/002", emotion="bored")
    change_clips("M001/front/sad/level_3/001", audio=None)
    (copy / "W002/audio/sad/level_3/001.m4a").write_bytes(b"no sound")
    made = brief(Source(copy / "truth"), tmp_path / "run", train={"epochs": 1})
    assert made.left_out == {
        "their emotion is not known": 2,
        "they have no sound": 1,
        "their sound cannot be read": 1,
    }
    (held_out,) = made.held_out
    assert made.clips == 8 - {"M001": 1, "W002": 3, "M003": 4}[held_out]


def test_clips_without_labels_are_learnt_from_by_what_is_not_told_them(copy, change_clips, tmp_path) -> None:
    change_clips("", emotion=None, level=None)
    for folder in (copy / "truth" / "frames").glob("actor=*/view=*"):  # where clips without labels are
        tables = [pq.read_table(file, partitioning=None) for file in folder.iterdir()]
        pq.write_table(pa.concat_tables(tables), folder / "unknown.parquet")
    made = brief(Source(copy / "truth"), tmp_path / "run", variant="lstm", train={"epochs": 1})
    assert not made.left_out


def test_clips_without_a_level_are_learnt_from(copy, change_clips, tmp_path) -> None:
    change_clips("", level=None)
    for file in (copy / "truth/frames").rglob("*_level_3.parquet"):
        file.rename(file.with_name(file.name.replace("_level_3", "")))
    made = brief(Source(copy / "truth"), tmp_path / "run", train={"epochs": 1})
    assert made.epochs == 1 and len(list((made.out / "validation").iterdir())) == 2


def test_with_one_actor_some_of_its_clips_are_held_out(corpus, tmp_path) -> None:
    made = brief(Source(corpus / "truth", "M001,M003"), tmp_path / "run", train={"epochs": 1})
    assert (made.clips, len(made.held_out)) == (3, 1) and made.held_out[0].startswith("W002/front/")


def test_a_store_without_gaze_is_refused(copy, tmp_path) -> None:
    for file in (copy / "truth/frames").rglob("*.parquet"):
        frames = pq.read_table(file, partitioning=None)
        at = frames.schema.get_field_index("gaze")
        pq.write_table(
            frames.set_column(at, frames.schema.field(at), pa.nulls(len(frames), frames.schema.field(at).type)), file
        )
    with pytest.raises(UsageError, match="has no gaze: extract it again with --gaze"):
        brief(Source(copy / "truth"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_store_without_any_sound_is_refused(copy, change_clips, tmp_path) -> None:
    change_clips("", audio=None)
    with pytest.raises(UsageError, match="can be learnt from: they have no sound"):
        brief(Source(copy / "truth"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_store_far_from_its_sound_is_refused_and_takes_the_dataset(corpus, trained, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(corpus / "truth", tmp_path / "elsewhere/store", ignore=shutil.ignore_patterns(".state"))
    with pytest.raises(UsageError, match=r"None of the sounds.*M001/audio/happy.*--data ROOT"):
        brief(Source(tmp_path / "elsewhere/store", TEST), tmp_path / "run")
    brief(Source(tmp_path / "elsewhere/store", TEST, data=corpus), tmp_path / "run")
    assert losses(tmp_path / "run") == losses(trained.out)


def test_an_unknown_split_or_device_is_refused(corpus, tmp_path) -> None:
    with pytest.raises(UsageError, match="official"):
        brief(Source(corpus / "truth", "nobody"), tmp_path / "run")
    with pytest.raises(UsageError, match="--device cpu, cuda"):
        train_cues(Source(corpus / "truth"), tmp_path / "run", small(), device="abacus")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("variant", ["full", "retrieval"])
def test_a_run_generates_the_test_actors_clips(corpus, trained, tmp_path, cluster, variant) -> None:
    run = trained.out
    if variant == "retrieval":
        made = brief(Source(corpus / "truth", TEST), tmp_path / "run", "retrieval")
        run = made.out
        assert (made.epochs, made.clips) == (0, 4)
        assert open_generator(str(run)).name == "retrieval"
    done = generate(GenerateConfig(split=TEST), str(run), corpus / "truth", tmp_path / "made", scheduler=cluster)
    assert (done.clips, done.ok, done.failures) == (4, 4, ())
    true, generated = load_clips(corpus / "truth", split=TEST), load_clips(done.cues)
    columns = ["clip_id", "emotion", "level", "frames", "audio"]
    ordered = [clips[columns].sort_values("clip_id").reset_index(drop=True) for clips in (true, generated)]
    pd.testing.assert_frame_equal(*ordered, check_dtype=False)


def test_a_run_lets_a_portrait_speak_a_stereo_sound_of_another_rate(trained, extractor, tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "portrait.png"), usual_portrait()[..., ::-1])
    time_s = np.arange(44_100) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 220 * time_s) * (1 + np.sin(2 * np.pi * 3 * time_s)) / 2
    stereo = (32767 * np.stack([tone, tone / 2], axis=1)).astype(np.int16)
    wavfile.write(tmp_path / "sound.wav", 44_100, stereo)
    made = generate_one(
        str(trained.out),
        tmp_path / "sound.wav",
        tmp_path / "portrait.png",
        emotion="happy",
        level=3,
        out=tmp_path / "out.mp4",
        size=256,
    )
    assert made.frames == 25 and is_audible(read_sound(made.video))
    with av.open(str(made.video)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert "network[w:" in container.metadata["comment"]
    assert len(pictures) == 25 and pictures[0].shape == (256, 256)


def test_a_training_may_begin_with_the_weights_of_another(trained, corpus, tmp_path) -> None:
    source = Source(corpus / "truth", TEST)
    config = small(train={"epochs": 1, "learning_rate": 1e-9})
    train_cues(source, tmp_path / "on", config, init=trained.out)
    before, after = (load_file(run / "network.safetensors") for run in (trained.out, tmp_path / "on"))
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    with pytest.raises(UsageError, match="was trained from the weights"):
        train_cues(source, tmp_path / "on", config)
    with pytest.raises(UsageError, match="has another network"):
        train_cues(source, tmp_path / "off", small(network={"hidden": 24}), init=trained.out)
    with pytest.raises(UsageError, match="holds no trained generator"):
        train_cues(source, tmp_path / "off", config, init=tmp_path)
    assert not (tmp_path / "off").exists()
