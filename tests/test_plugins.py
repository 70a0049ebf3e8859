"""Things of other distributions: found by name, imported when asked for, refused in one sentence, signed."""

import subprocess
import sys

import numpy as np
import pytest

from facecues import doctor, plugins
from facecues.config import ExtractConfig, validated
from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError
from facecues.metrics.instruments import GROUPS, NO_PICTURES, build_instruments
from facecues.metrics.protocols import FACECUES
from facecues.metrics.scoring import Rules, make_columns
from facecues.models.rendering.registry import is_renderer, open_renderer
from facecues.models.rendering.warp import WARP
from facecues.pipelines.pairing import pair
from facecues.preprocess.contracts import Face
from facecues.preprocess.gaze import gaze_backend
from facecues.preprocess.gaze.iris import IrisGaze
from facecues.preprocess.geometry import fit_pose
from facecues.preprocess.index import build_index
from facecues.preprocess.landmarks import landmark_backend
from facecues.preprocess.layouts import LAYOUTS, make_layout
from facecues.preprocess.template import TEMPLATE
from tests.plugins import bring

THING = """
class Thing:
    def __init__(self, *settings):
        self.settings = settings
        self.signature = "thing[v:1]"
    def track(self, frames): ...
    observe = angles = prepare = track
"""
METRIC = """
from facecues.metrics.contracts import MetricInfo, Score
class Mine:
    info = MetricInfo("{name}", "what I measure", "higher", "px")
    signature = "mine|v:1"
    def __init__(self, protocol, device):
        self.settings = protocol, device
    def score(self, pred, target):
        return Score({value}, 1, 1.0)
class Looking(Mine):
    info = MetricInfo("Looking", "what is seen", "lower", "")
    def prepare(self, batch):
        return batch.pictures
    def compare(self, pred, target):
        return (pred != target).mean(axis=(1, 2, 3))
"""


def metrics(name="Mine", value="1.0"):
    return {"mine": METRIC.format(name=name, value=value)}


def test_names_that_no_plugin_may_take_are_those_of_the_rooms():
    assert plugins.BUILT_IN["metrics"] == tuple(GROUPS)
    assert plugins.BUILT_IN["layouts"] == LAYOUTS
    assert plugins.BUILT_IN["renderers"] == (WARP,)


def test_a_plugin_is_imported_when_it_is_asked_for_and_not_before(site):
    bring(site, "some-things", {"gaze/mine": "some_things:Thing"}, {"some_things": THING})
    assert [str(one) for one in plugins.installed("gaze")] == ["gaze backend 'mine' of some-things==1.0"]
    assert plugins.choices("gaze") == "iris, l2cs, or of plugins mine"
    assert plugins.unknown("gaze", ["mine", "iris", "yours"]) == ["yours"]
    assert "some_things" not in sys.modules
    made = plugins.make("gaze", "mine", 1, 2)
    assert made.settings == (1, 2) and "some_things" in sys.modules


def test_the_distribution_and_its_version_are_at_the_end_of_the_signature(site):
    bring(site, "some-things", {"gaze/mine": "some_things:Thing"}, {"some_things": THING})
    assert plugins.make("gaze", "mine").signature == "thing[v:1]@some-things==1.0"
    bring(site, "some-things", {"gaze/mine": "some_things:Thing"}, version="1.1")
    signature = plugins.make("gaze", "mine").signature
    assert signature == "thing[v:1]@some-things==1.1"
    assert plugins.origin_of(signature) == "some-things==1.1" and plugins.origin_of("thing[v:1]") is None


def test_an_object_that_is_given_twice_is_signed_once(site):
    shared = THING + "one = Thing()\ndef same(): return one\n"
    bring(site, "some-things", {"gaze/mine": "some_things:same"}, {"some_things": shared})
    assert {plugins.make("gaze", "mine").signature for _ in range(2)} == {"thing[v:1]@some-things==1.0"}


@pytest.mark.parametrize(
    ("what", "source", "words"),
    [
        ("absent_module:Thing", "", "No module named 'absent_module'"),
        ("some_things:Other", THING, "has no attribute 'Other'"),
        ("some_things:Thing", "def broken(:", "SyntaxError"),
        ("some_things:Thing", "1 / 0", "ZeroDivisionError"),
        ("some_things:Thing", THING.replace("*settings", ""), "TypeError"),
        ("some_things:Thing", THING.replace("self.signature", "self.other"), "has no attribute 'signature'"),
        ("some_things:Thing", THING.replace('"thing[v:1]"', "7"), "as signature: 7"),
        ("some_things:Thing", THING.replace("thing[v:1]", "thing|v:1"), "expected a signature without '|'"),
        (
            "some_things:Thing",
            THING.replace("*settings", ""),
            "too many positional arguments; it is called with (config)",
        ),
        (
            "some_things:Thing",
            THING.replace("def track", "def follow").replace("= track", "= follow"),
            "method `track`",
        ),
        ("some_things:one", THING + "one = Thing()", "is not a callable object; it is called with (config)"),
    ],
)
def test_what_cannot_be_used_gives_one_sentence_that_names_its_distribution(site, what, source, words):
    bring(site, "some-things", {"landmarks/mine": what}, {"some_things": source})
    with pytest.raises(BackendUnavailableError) as told:
        plugins.make("landmarks", "mine", ExtractConfig())
    sentence = str(told.value)
    assert sentence.startswith("The landmark backend 'mine' of some-things==1.0 cannot be used: ")
    assert words in sentence and "\n" not in sentence


def test_errors_that_are_sentences_already_stay_as_they_are(site):
    source = (
        "from facecues.errors import WeightsMissingError\ndef make():\n    raise WeightsMissingError('put it there')\n"
    )
    bring(site, "some-things", {"gaze/mine": "some_things:make"}, {"some_things": source})
    with pytest.raises(WeightsMissingError, match=r"^put it there$"):
        plugins.make("gaze", "mine")


def test_a_name_that_is_not_its_own_is_refused(site):
    bring(
        site,
        "some-things",
        {"gaze/iris": "some_things:Thing", "gaze/mine": "some_things:Thing"},
        {"some_things": THING},
    )
    bring(site, "other-things", {"gaze/mine": "some_things:Thing"})
    with pytest.raises(UsageError, match=r"some-things==1\.0 has the name of facecues's own: give its entry point"):
        plugins.make("gaze", "iris")
    with pytest.raises(UsageError, match=r"several of this name \(other-things==1\.0, some-things==1\.0\)"):
        plugins.make("gaze", "mine")
    assert gaze_backend(ExtractConfig()).signature.startswith("iris[")  # facecues's own, whoever else is called so


def test_a_name_that_nothing_has_is_refused_with_all_that_there_are(site):
    bring(site, "some-things", {f"{group}/mine": "some_things:Thing" for group in plugins.BUILT_IN})
    with pytest.raises(UsageError, match=r"^landmarks: expected facemesh, .*, or of plugins mine \(got 'yours'\)$"):
        validated(ExtractConfig, {"landmarks": "yours"})
    with pytest.raises(UsageError, match=r"^gaze: expected iris, l2cs, or of plugins mine \(got 'yours'\)$"):
        validated(ExtractConfig, {"gaze": "yours"})
    with pytest.raises(UsageError, match=r"'yours': give warp, or of plugins mine, or the folder"):
        open_renderer("yours")
    with pytest.raises(UsageError, match=r"'yours'; use one of mead, flat, folder, or of plugins mine"):
        build_index(site, "yours")
    with pytest.raises(UsageError, match=r"called yours: expected some of ssim, .*, or of plugins mine"):
        build_instruments(FACECUES, ["yours"])


def test_backends_are_called_with_the_configuration_and_renderers_with_the_device(site, monkeypatch):
    things = {f"{group}/mine": "some_things:Thing" for group in ("landmarks", "gaze", "renderers")}
    bring(site, "some-things", things, {"some_things": THING})
    config = ExtractConfig(landmarks="mine", gaze="mine")
    assert landmark_backend(config).settings == gaze_backend(config).settings == (config,)
    (site / "mine").mkdir()
    monkeypatch.chdir(site)  # a folder of the name is not taken for a run
    assert is_renderer("mine") and open_renderer("mine", "cuda").settings == ("cuda",)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("Mine", r"of plugins mine \(did you mean mine\?\)"),
        ("mean", r"of plugins mine \(did you mean mead\?\)"),
        ("else", "of plugins mine[.]$"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(site, asked, words):
    bring(site, "some-things", {"layouts/mine": "some_things:Thing"}, {"some_things": THING})
    with pytest.raises(UsageError, match=words):
        plugins.find("layouts", asked)


def test_a_layout_tells_labels_and_who_told_them(site, tmp_path):
    source = """
from facecues.preprocess.layouts import Reading
def read(folder, stem):
    if stem == "no":
        return "not of ours"
    return Reading("12-" + stem, stem, "12", None, stem.split("_")[1], 2, "1", "female")
"""
    bring(site, "some-things", {"layouts/mine": "some_things:read"}, {"some_things": source})
    for name in ("a_anger", "b_joy", "no"):
        (tmp_path / f"data/{name}.mp4").parent.mkdir(exist_ok=True)
        (tmp_path / f"data/{name}.mp4").write_text("video")
    index = build_index(tmp_path / "data", "mine")
    assert index.layout == "mine@some-things==1.0" and not index.of_mead
    found = {clip.clip_id: (clip.emotion, clip.gender, clip.message) for clip in index.clips}
    assert found["12-a_anger"] == ("angry", "female", None)  # in MEAD's spelling
    assert found["b_joy"][2].startswith("Unknown emotion 'joy'") and found["no"][2] == "not of ours"
    assert "no clips" not in " ".join(oddity.sentence for oddity in index.oddities)  # MEAD's counts mean nothing here
    paired = pair(index, {"same": tmp_path / "data"}).methods["same"]  # named as the reference is
    assert not paired.missing and paired.paired["12-a_anger"].gender == "female"


LAYOUT = "from facecues.preprocess.layouts import Reading, labelled\n"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("(a, b): return [][1]", "the layout 'mine' of some-things==1.0 fails: IndexError: list index out of range"),
        ("(a): return 'no'", "fails: TypeError: read() takes 1 positional argument but 2 were given"),
        ("(a, b): return None", "the layout answers None: expected a Reading, or a sentence"),
        ("(a, b): return {}", "the layout answers {}"),
        ("(a, b): return ''", "the layout answers ''"),
        ("(a, b): return labelled(12, None, 'sad', 1, '1')", "gives actor 12: expected a text"),
        ("(a, b): return Reading('', b)", "gives clip_id '': expected a text"),
        ("(a, b): return Reading(b, None)", "gives sound_id None: expected a text"),
        (
            "(a, b): return labelled('1', 'sideways', 'sad', 1, '1')",
            "Unknown view 'sideways'; use one of front, ",
        ),
        (
            "(a, b): return labelled('1', None, 'sad', 1, '1', gender='F')",
            "Unknown gender 'F'; use one of male, ",
        ),
        ("(a, b): return labelled('1', None, 'joy', 1, '1')", "Unknown emotion 'joy'"),
        ("(a, b): return labelled('1', None, 'sad', 4, '1')", "Unknown level 4"),
        ("(a, b): return labelled('1', None, 'sad', '1', '1')", "gives level '1': expected a number"),
    ],
)
def test_what_a_layout_gets_wrong_costs_its_clips_with_a_sentence_and_is_told_where_it_is_all(
    body, sentence, site, tmp_path
):
    bring(site, "some-things", {"layouts/mine": "some_things:read"}, {"some_things": f"{LAYOUT}def read{body}"})
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.mp4").write_text("video")
    assert sentence in make_layout("mine", tmp_path)("", "a")
    with pytest.raises(UsageError, match="fits none of the 1 videos") as told:
        build_index(tmp_path / "data", "mine")
    assert sentence in str(told.value) and "\n" not in str(told.value)


def test_labels_of_a_layout_are_spelt_as_meads(site, tmp_path):
    source = f"{LAYOUT}def read(a, b): return labelled('1', 'Left-30', 'Anger', 1, '1', gender='male')"
    bring(site, "some-things", {"layouts/mine": "some_things:read"}, {"some_things": source})
    reading = make_layout("mine", tmp_path)("", "a")
    assert (reading.view, reading.emotion) == ("left_30", "angry")


def test_a_backend_without_irises_is_told_to_take_another_gaze():
    face = Face(1.0, np.zeros(4, np.float32), np.float32(TEMPLATE))
    with pytest.raises(UsageError, match="needs irises, which this landmark backend does not give: use gaze 'l2cs'"):
        IrisGaze().angles([None], [face], fit_pose(TEMPLATE[None]))


def test_metrics_are_called_with_the_protocol_and_the_device_and_have_columns_of_their_own(site):
    bring(site, "some-things", {"metrics/mine": "mine:Mine", "metrics/looking": "mine:Looking"}, metrics())
    found = build_instruments(FACECUES, ("ssim", "looking", "mine", "mine"), device="cpu")
    assert list(found.pictures) == ["SSIM", "Looking"] and list(found.cue_metrics) == ["Mine"]
    assert found.cue_metrics["Mine"].settings == (FACECUES, "cpu")
    signatures = {name: each.signature for name, each in found.pictures.items()}
    columns = make_columns(Rules(FACECUES, {}, found.cue_metrics, found.added), "cues|a@b", signatures, {})
    assert {name: column.plugin for name, column in columns.items() if column.plugin} == {
        "Mine": "some-things==1.0",
        "Looking": "some-things==1.0",
    }
    assert columns["Mine"].signature == "mine|v:1@some-things==1.0|by:a@b"
    assert columns["Looking"].signature.startswith("mine|v:1@some-things==1.0|pic:")
    assert columns["Mine"].pairs and columns["Mine"].info.better == "higher"


def test_without_pictures_a_metric_of_pictures_is_absent_and_says_so(site):
    bring(site, "some-things", {"metrics/mine": "mine:Mine", "metrics/looking": "mine:Looking"}, metrics())
    found = build_instruments(FACECUES, ("looking", "mine"), seen=False)
    assert found.absent == {"Looking": NO_PICTURES} and list(found.cue_metrics) == ["Mine"]
    columns = make_columns(Rules(FACECUES, {}, found.cue_metrics, found.added), "cues|a", {}, found.absent)
    assert columns["Looking"].absent == NO_PICTURES


@pytest.mark.parametrize(
    ("announced", "source", "words"),
    [
        ({"metrics/mine": "mine:Mine"}, metrics("SSIM"), "called 'SSIM' in tables, as another metric is"),
        ({"metrics/mine": "mine:Mine", "metrics/again": "mine:Mine"}, metrics(), "'Mine' in tables, as another"),
        (
            {"metrics/mine": "mine:Thing"},
            {"mine": THING},
            "is no metric: expected `info`, a MetricInfo, and a method `score`",
        ),
        (
            {"metrics/mine": "mine:Mine"},
            {"mine": metrics()["mine"].replace("info =", "about =")},
            "it has no `info`[.]$",
        ),
        (
            {"metrics/mine": "mine:Mine"},
            {"mine": metrics()["mine"].replace("score(", "rate(")},
            "it has no `score`[.]$",
        ),
        (
            {"metrics/looking": "mine:Looking"},
            {"mine": metrics()["mine"].replace("prepare(", "prime(")},
            "it has no `prepare`[.]$",
        ),
    ],
)
def test_a_metric_that_is_none_or_has_another_ones_name_is_refused(site, announced, source, words):
    bring(site, "some-things", announced, source)
    with pytest.raises(UsageError, match=words):
        build_instruments(FACECUES, [name.removeprefix("metrics/") for name in announced])


def test_a_better_side_that_no_table_knows_is_refused(site):
    source = {"mine": metrics()["mine"].replace('"higher"', '"larger"')}
    bring(site, "some-things", {"metrics/mine": "mine:Mine"}, source)
    with pytest.raises(BackendUnavailableError, match="expected better as 'lower', 'higher' or None, got 'larger'"):
        build_instruments(FACECUES, ["mine"])


def test_the_doctor_lists_plugins_and_says_which_cannot_be_loaded_or_called(site):
    announced = {
        "gaze/mine": "some_things:Thing",
        "renderers/lost": "absent_module:Thing",
        "layouts/mead": "some_things:x",
        "layouts/less": "some_things:less",
        "landmarks/poor": "some_things:Poor",
    }
    source = THING + "def less(stem): ...\nclass Poor:\n    def __init__(self, config): ...\n"
    bring(site, "some-things", announced, {"some_things": source})
    found = {one.name: one for one in doctor.check() if one.kind == "plugin"}
    assert found["mine"].usable and found["mine"].detail == "gaze backend, of some-things==1.0"
    assert not found["lost"].usable and "No module named 'absent_module'" in found["lost"].remedy
    assert not found["less"].usable and "it is called with (folder, stem)" in found["less"].remedy
    assert not found["poor"].usable and "expected a method `track`" in found["poor"].remedy
    assert not found["mead"].usable and "has the name of facecues's own" in found["mead"].remedy


def test_nobody_looks_for_plugins_before_one_is_asked_for():
    code = """
import importlib.metadata
look = importlib.metadata.entry_points
def refuse(**wanted):
    assert not wanted["group"].startswith("facecues."), "looked for plugins"
    return look(**wanted)
importlib.metadata.entry_points = refuse
import facecues, facecues.cli
from facecues.config import ExtractConfig
from facecues.metrics.instruments import build_instruments
from facecues.metrics.protocols import FACECUES
from facecues.preprocess.contracts import Face
from facecues.preprocess.gaze import gaze_backend
from facecues.preprocess.gaze.iris import IrisGaze
from facecues.preprocess.geometry import fit_pose
ExtractConfig(landmarks="face-landmarker")
gaze_backend(ExtractConfig())
build_instruments(FACECUES, ("ssim", "psnr"))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
