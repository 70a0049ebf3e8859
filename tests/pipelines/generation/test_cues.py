"""Generated stores of cues: shaped as the source's, put together exactly, resumed as any, and refused in a sentence."""

import json
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from facecues import load_clips, load_cues, to_array
from facecues.config import validated
from facecues.errors import ClipError, UsageError
from facecues.models.cue_generator.baselines import Still
from facecues.models.cue_generator.contracts import CHUNK
from facecues.models.cue_generator.reference import best_reference
from facecues.pipelines.generation import cues as workshop
from facecues.pipelines.generation.config import GenerateConfig, Order
from facecues.pipelines.generation.cues import Generation, rows_of
from facecues.preprocess.geometry import Similarity, relocate, rotation_matrix
from facecues.reasons import ClipReason
from facecues.sequences import Cues, read_sequences
from tests.pipelines.datasets import contents, rows

HAPPY, NEUTRAL = "M001/front/happy/level_3/001", "M001/front/neutral/level_1/001"


class Told:
    """A generator that holds the reference still, and keeps what it was asked for."""

    name = "told"
    signature = "told|v:1"

    def __init__(self, change=lambda cues: cues):
        self.requests = []
        self._change = change

    def stream(self, request):
        self.requests.append(request)
        yield from map(self._change, Still().stream(request))


@pytest.fixture
def extractor_of(original, monkeypatch):
    """A worker's extractor with a generator of the test's own, on the original corpus."""

    def make(generator, **settings):
        monkeypatch.setattr(workshop, "open_generator", lambda name, device: generator)
        store = original / "truth"
        return Generation(
            Order(
                generator="told",
                generator_content="",
                store=store,
                store_content="",
                root=original,
                settings=GenerateConfig(**settings),
            )
        )

    return make


def call(extractor, root, clip_id=HAPPY, sound=None):
    row = rows(root / "truth")[clip_id]
    batches = []
    report = extractor(root / row["video"], root / (sound or row["audio"]), batches.append)
    return report, batches


# What is in the store


def test_the_store_has_the_clips_of_the_source_at_25_frames_per_second(made, dataset):
    summary = made()
    assert (summary.clips, summary.ok, summary.failed, summary.frames) == (4, 4, 0, 100)
    source, found = load_clips(dataset / "truth"), load_clips(summary.cues)
    for name in ("clip_id", "actor", "gender", "view", "emotion", "level", "number", "video", "audio", "frames"):
        assert found[name].tolist() == source[name].tolist(), name
    assert set(found["fps"]) == {25.0} and set(found["coverage"]) == {1.0}
    assert all("still|v:1" in signature for signature in found["signature"])
    frames = load_cues(summary.cues)
    assert frames["time_s"].tolist() == [frame / 25 for frame in range(25)] * 4
    assert not frames.drop(columns=["reason"]).isna().any().any()


def test_landmarks_are_put_together_exactly_and_eyes_agree(made):
    frames = load_cues(made().cues)
    normalized, landmarks = (to_array(frames[name], (68, 3)).astype(np.float64) for name in ("normalized", "landmarks"))
    rotation, translation = (to_array(frames[name]).astype(np.float64) for name in ("rotation", "translation"))
    pose = Similarity(rotation_matrix(rotation), frames["scale"].to_numpy(np.float64), translation)
    assert np.abs(relocate(normalized, pose) - landmarks).max() < 1e-4
    box = to_array(frames["box"])
    assert np.array_equal(box, np.hstack([landmarks[..., :2].min(axis=1), landmarks[..., :2].max(axis=1)]))
    assert frames["gaze_left"].equals(frames["gaze"]) and frames["gaze_right"].equals(frames["gaze"])


def test_still_shows_the_best_reference_of_another_clip_or_the_clips_own_first_frame(made, dataset):
    clips = load_clips(dataset / "truth")
    sequences = read_sequences(dataset / "truth", clips)
    neutral, first = made(out="neutral"), made(out="first", reference="first")
    for at, clip_id in enumerate(clips["clip_id"]):
        chosen = clips[clips["clip_id"] == clip_id]
        shown = to_array(load_cues(neutral.cues, ["normalized"], clips=chosen)["normalized"], (68, 3))
        assert np.array_equal(shown, np.tile(best_reference(sequences, at).normalized, (25, 1, 1)))
        shown = to_array(load_cues(first.cues, ["normalized"], clips=chosen)["normalized"], (68, 3))
        assert np.array_equal(shown, np.tile(sequences[at].normalized[0], (25, 1, 1)))


def test_actors_and_splits_choose_clips(made):
    assert list(rows(made(out="one", actors=("W002",)).cues)) == [
        "W002/front/happy/level_3/001",
        "W002/front/neutral/level_1/001",
    ]
    assert set(load_clips(made(out="two", split="M001").cues)["actor"]) == {"M001"}


# What a generator is asked for


def test_a_generator_hears_the_clips_sound_and_is_told_its_label(extractor_of, original):
    told = Told()
    report, batches = call(extractor_of(told), original)
    (request,) = told.requests
    assert (request.emotion, request.level, request.frames) == ("happy", 3, 25)
    assert len(request.sound) == pytest.approx(16000, abs=2100)  # AAC fills up its last packets
    assert report.frames == sum(batch.num_rows for batch in batches) == 25


def test_another_label_can_be_asked_for(extractor_of, original):
    told = Told()
    call(extractor_of(told, emotion="ang", level=2), original)
    assert (told.requests[0].emotion, told.requests[0].level) == ("angry", 2)


def test_seeds_are_of_the_clip_and_of_the_run(extractor_of, original):
    told = Told()
    for seed, clip_id in ((0, HAPPY), (0, HAPPY), (0, NEUTRAL), (1, HAPPY)):
        call(extractor_of(told, seed=seed), original, clip_id)
    one, again, other_clip, other_run = (request.seed for request in told.requests)
    assert one == again and len({one, other_clip, other_run}) == 3


def test_values_that_are_not_finite_a_wrong_length_and_refusals_fail_the_clip_alone(extractor_of, original):
    def spoilt(cues):
        cues.gaze[7] = np.nan
        return cues

    with pytest.raises(ClipError, match="not finite in frame 7") as caught:
        call(extractor_of(Told(spoilt)), original)
    assert caught.value.reason is ClipReason.INTERNAL_ERROR
    with pytest.raises(ClipError, match="made 24 frames of 25"):
        call(extractor_of(Told(lambda cues: cues[1:])), original)

    def refuse(cues):
        raise UsageError("It does not know how.")

    with pytest.raises(ClipError, match="It does not know how"):
        call(extractor_of(Told(refuse)), original)


def test_frames_of_later_chunks_are_numbered_on():
    cues = Cues(
        *(np.random.default_rng(0).random((3, *shape), np.float32) for shape in ((68, 3), (3,), (3,), (), (2,)))
    )
    batch = rows_of(cues, CHUNK)
    assert batch["frame"].to_pylist() == [250, 251, 252]
    assert batch["time_s"].to_pylist() == [10.0, 10.04, 10.08]


# Sound of another clip


def test_swapped_sounds_are_each_anothers_and_depend_on_the_seed_alone(made, dataset):
    own = {clip: row["audio"] for clip, row in rows(dataset / "truth").items()}
    found = [
        {clip: row["audio"] for clip, row in rows(made(out=out, swap_audio=seed, **more).cues).items()}
        for out, seed, more in (("a", 3, {}), ("b", 3, {"actors": ("M001",)}), ("c", 4, {}))
    ]
    assert all(sound != own[clip] for swapped in found for clip, sound in swapped.items())
    assert sorted(found[0].values()) == sorted(own.values())
    assert found[1].items() <= found[0].items()
    assert found[2] != found[0]


# Resume


def test_a_run_that_was_interrupted_and_given_again_equals_an_undisturbed_one(made, tmp_path):
    seen = count()

    def interrupt_after_two(event):
        if event.ended and next(seen) == 1:
            raise KeyboardInterrupt

    assert made(progress=interrupt_after_two).interrupted
    assert not (tmp_path / "out/cues/clips.parquet").exists()
    summary = made()
    assert 0 < summary.skipped < 4 and summary.ok == 4 and not summary.interrupted
    made(out="undisturbed")
    assert contents(tmp_path / "out/cues") == contents(tmp_path / "undisturbed/cues")
    assert made().skipped == 4


@pytest.mark.parametrize("change", [{"seed": 1}, {"emotion": "sad"}, {"swap_audio": 0}, {"reference": "first"}])
def test_what_changes_the_cues_needs_a_folder_of_its_own(made, change):
    made()
    with pytest.raises(UsageError, match=r"holds cues with signature 'generated\[still.*this run makes 'generated"):
        made(**change)


def test_other_source_cues_are_another_generation(made, change_clips):
    made()
    change_clips(NEUTRAL, content_key="0" * 64)
    with pytest.raises(UsageError, match="One store holds one signature"):
        made()


# What is missing


def test_clips_that_cannot_be_made_fail_alone_with_their_reason(made, dataset, change_clips):
    change_clips("M001/front/happy", emotion=None)
    frames = dataset / "truth/frames/actor=M001/view=front"
    (frames / "happy_level_3.parquet").rename(frames / "unknown_level_3.parquet")
    change_clips("M001/front/neutral", audio=None)
    (dataset / "W002/audio/happy/level_3/001.m4a").write_bytes(b"no sound at all")
    summary = made()
    assert (summary.ok, summary.failed) == (1, 3)
    reasons = {failure.clip_id: (failure.reason, failure.message) for failure in summary.failures}
    assert reasons[HAPPY] == ("unparsed", "its emotion is not known: tell one with --emotion")
    assert reasons[NEUTRAL] == ("no_audio", "it has no sound, and cues are generated from sound")
    assert reasons["W002/front/happy/level_3/001"][0] == "no_audio"
    # With a label told, one more can be made.
    assert made(out="told", emotion="happy", level=1).ok == 2


def test_an_actor_without_gaze_fails_and_the_others_do_not(made, dataset):
    path = next((dataset / "truth/frames/actor=M001").rglob("happy*.parquet"))
    without_gaze(path)
    without_gaze(next((dataset / "truth/frames/actor=M001").rglob("neutral*.parquet")))
    summary = made()
    assert (summary.ok, summary.failed) == (2, 2)
    assert all("has no gaze" in failure.message for failure in summary.failures)


def without_gaze(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path, partitioning=None)
    at = table.schema.get_field_index("gaze")
    empty = pa.nulls(len(table), table.schema.field("gaze").type)
    pq.write_table(table.set_column(at, table.schema.field("gaze"), empty), path)


def test_what_nothing_can_be_made_of_is_refused_in_a_sentence_and_nothing_is_written(made, dataset, tmp_path):
    def refused(message, **settings):
        with pytest.raises(UsageError, match=message):
            made(**settings)
        assert not (tmp_path / "out").exists()

    refused("no such actors among the clips to be made: M777; it has M001, W002", actors=("M777",))
    refused("Unknown split 'nobody'", split="nobody")
    refused("None of the sounds of .* is below .*: tell where the dataset is with --data ROOT", data=tmp_path)
    refused("There is no generator 'nothing'", generator="nothing")
    refused("There is no renderer 'magic': give warp, or the folder", renderer="magic")
    refused("not a finished cue store", store=tmp_path)
    with pytest.raises(UsageError, match="is the dataset itself"):
        made(out="corpus")
    for path in (dataset / "truth/frames").rglob("*.parquet"):
        without_gaze(path)
    refused("has no gaze: extract it again")


def test_settings_are_checked_before_anything_is_read():
    for values, message in (
        ({"emotion": "joyful"}, "Unknown emotion 'joyful'; use one of angry"),
        ({"level": 4}, "Unknown level 4; use one of 1, 2, 3"),
        ({"size": 300}, "size: Input should be 256 or 512"),
        ({"reference": "best"}, "reference: Input should be 'neutral' or 'first'"),
    ):
        with pytest.raises(UsageError, match=message):
            validated(GenerateConfig, values)
    assert GenerateConfig(emotion="HAP").emotion == "happy"


def test_paths_that_leave_the_dataset_are_not_followed(made, change_clips):
    change_clips("M001/front/happy", video="../M001.mp4")
    (failure,) = made().failures
    assert (failure.clip_id, failure.reason) == (HAPPY, "outside_root")


def test_the_header_says_what_was_ordered(made):
    header = json.loads((made(emotion="sad", level=1).cues / "store.json").read_text())
    assert header["config"]["generator"] == "still"
    assert header["config"]["settings"]["emotion"] == "sad"
    assert header["counts"] == {"clips": 4, "ok": 4, "partial": 0, "failed": 0, "frames": 100}


def test_silence_is_generated_from_and_noted(extractor_of, original, tmp_path):
    from facecues.models.media import write_audio

    write_audio(tmp_path / "silence.m4a", np.zeros(16000, np.float32))
    report, _ = call(extractor_of(Told()), original, sound=tmp_path / "silence.m4a")
    assert report.reason is ClipReason.SILENT_AUDIO and report.frames == 25


def test_summaries_are_for_terminals(made):
    from rich.console import Console

    console = Console(width=100, record=True)
    console.print(replace(made(), interrupted=True).table())
    text = console.export_text()
    assert "4: 4 with cues, 0 failed" in text and "give the same command again" in text
