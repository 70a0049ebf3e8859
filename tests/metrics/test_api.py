"""facecues.metrics as one whole: what can be called, and what every metric of two arrays keeps to.

Known values, formulas and options are in the tests of each module. The table below is the overview: ideal for the
same input, symmetric, monotone in noise, no NaN that passes, no shape that is guessed.
"""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facecues import metrics
from facecues.errors import BackendUnavailableError, WeightsMissingError
from facecues.metrics.contracts import MetricInfo
from tests.absent import NO_TORCH
from tests.metrics.pictures import noisy, scene
from tests.metrics.tracks import FRAMES, talking

Array = NDArray[Any]
Pairs = Mapping[str, tuple[Array, Array]]

RNG = np.random.default_rng(0)
LEVELS = (0.0, 0.5, 1.0, 2.0, 4.0)
FACE = talking()
FACE_NOISE = RNG.standard_normal(FACE.shape)
OPENING, WALK = metrics.mouth_opening(FACE), np.cumsum(RNG.normal(0, 1, (FRAMES, 3)), axis=0)
FEATURES = RNG.standard_normal((60, 8))
PERSON = np.repeat(RNG.standard_normal((1, 128)), FRAMES, axis=0)  # a face that is the same in every frame
SHARES = RNG.uniform(1, 2, 20)
BUMP = np.exp(-((np.arange(20) - 6.0) ** 2))  # what is added to them, all in one place
PICTURES = scene(2)


@dataclass(frozen=True, eq=False)
class Case:
    """A metric of a generated and a real array.

    Attributes:
        measure: pred, target -> value, a float or None.
        real: what is compared with itself, and with itself and something added.
        noise: what is added, times a level.
        ideal: the value for identical input; None where there is none.
        rises: whether noise makes the value larger.
        symmetric: pred and target may change places. Landmark distances are in the target's own unit, identity is
            against its mean, and SyncNet's distance adds 1e-6 to one side.
        masks: rows with a NaN are left out, or else refused.
        shorter: the two sides may have different numbers of rows.
        wrong: other pairs of arrays that are refused.
    """

    measure: Callable[[Array, Array], Any]
    real: Array
    noise: Array
    ideal: float | None = 0.0
    rises: bool = True
    symmetric: bool = True
    masks: bool = True
    shorter: bool = False
    wrong: Pairs = field(default_factory=dict)

    def noised(self, level: float) -> Array:
        return noisy(self.real, 5 * level) if self.real.dtype == np.uint8 else self.real + level * self.noise


def of_points(measure: Callable[..., float], points: str, wrong: Pairs) -> Case:
    few = {
        "67 points": (FACE[:, :67], FACE),
        "another number of axes": (FACE[..., :1], FACE),
        "infinite": (FACE * np.inf, FACE),
    }
    return Case(lambda p, t: measure(p, t, points=points), FACE, FACE_NOISE, symmetric=False, wrong={**few, **wrong})


def of_pictures(measure: Callable[[Array, Array], Array], ideal: float | None, rises: bool = False) -> Case:
    wrong: dict[str, tuple[Array, Array]] = {
        "floats": (PICTURES / 255, PICTURES / 255),
        "channels first": (PICTURES.transpose(0, 3, 1, 2), PICTURES.transpose(0, 3, 1, 2)),
        "another size": (PICTURES[:, :-1], PICTURES),
    }
    if measure is not metrics.psnr:
        wrong["smaller than any window"] = (PICTURES[:, :4, :4], PICTURES[:, :4, :4])
    noise = np.zeros_like(PICTURES)  # noisy() makes its own
    return Case(lambda p, t: float(measure(p, t).mean()), PICTURES, noise, ideal, rises, wrong=wrong)


def without_network(name: str) -> Callable[[Array, Array], Array]:
    """A metric that is skipped where its weights cannot be had."""

    def measure(pred: Array, target: Array) -> Array:
        try:
            return np.asarray(getattr(metrics, name)(pred, target))
        except (WeightsMissingError, BackendUnavailableError) as error:
            pytest.skip(str(error))

    return measure


ONE_FRAME = {"one frame only": (FACE[:1], FACE[:1])}  # which has no velocity
TWO_AXES = {"two axes": (WALK[:, :2], WALK[:, :2])}
NARROW = {"fewer dimensions": (FEATURES[:, :7], FEATURES), "one sample": (FEATURES[:1], FEATURES)}
NOT_SHARES = {"negative": (-SHARES, SHARES), "nothing": (0 * SHARES, SHARES)}
STILL = {"nothing moves": (np.ones(FRAMES), OPENING), "two frames": (OPENING[:2], OPENING[:2])}
OTHER_WIDTH = {"another network": (PERSON[:, :64], PERSON), "zero": (0 * PERSON, PERSON)}

CASES = {
    "M-LD": of_points(metrics.landmark_distance, "mouth", {}),
    "F-LD": of_points(metrics.landmark_distance, "face", {}),
    "M-LVD": of_points(metrics.landmark_velocity_distance, "mouth", ONE_FRAME),
    "F-LVD": of_points(metrics.landmark_velocity_distance, "face", ONE_FRAME),
    "Mouth": Case(metrics.mouth_opening_error, OPENING, np.abs(RNG.normal(0, 1, FRAMES))),
    "Mouth-corr": Case(
        metrics.mouth_opening_correlation, OPENING, RNG.normal(0, 1, FRAMES), 1.0, rises=False, wrong=STILL
    ),
    "Pose": Case(metrics.pose_error, WALK, RNG.normal(0, 1, WALK.shape), wrong=TWO_AXES),
    "Pose-V": Case(
        metrics.pose_velocity_error,
        WALK,
        RNG.normal(0, 1, WALK.shape),
        wrong={**TWO_AXES, "one frame only": (WALK[:1], WALK[:1])},
    ),
    "Gaze": Case(metrics.gaze_error, WALK[:, :2], RNG.normal(0, 1, (FRAMES, 2)), wrong={"three axes": (WALK, WALK)}),
    "SSIM": of_pictures(metrics.ssim, 1.0),
    "PSNR": of_pictures(metrics.psnr, None),
    "LPIPS": of_pictures(without_network("lpips"), 0.0, rises=True),
    "FID": Case(metrics.frechet_of_features, FEATURES, np.ones_like(FEATURES), masks=False, shorter=True, wrong=NARROW),
    "KID": Case(
        lambda p, t: metrics.kid_of_features(p, t).value,
        FEATURES,
        np.ones_like(FEATURES),
        ideal=None,  # unbiased, so that it is below 0 there
        masks=False,
        shorter=True,
        wrong=NARROW,
    ),
    "Gaze-JS": Case(metrics.jensen_shannon, SHARES, BUMP, masks=False, wrong=NOT_SHARES),
    "Gaze-TV": Case(metrics.total_variation, SHARES, BUMP, masks=False, wrong=NOT_SHARES),
    "Gaze-W1-yaw": Case(
        lambda p, t: metrics.wasserstein(p, t, np.arange(20.0)), SHARES, BUMP, masks=False, wrong=NOT_SHARES
    ),
    "ID-dlib": Case(
        lambda p, t: metrics.identity_similarity(p, t).value,
        PERSON,
        RNG.normal(0, 1, PERSON.shape),
        1.0,
        rises=False,
        symmetric=False,
        shorter=True,
        wrong=OTHER_WIDTH,
    ),
    "ID-dlib-dist": Case(
        lambda p, t: metrics.identity_distance(p, t).value,
        PERSON,
        RNG.normal(0, 1, PERSON.shape),
        symmetric=False,
        shorter=True,
        wrong=OTHER_WIDTH,
    ),
    "AM-Corr": Case(
        lambda p, t: metrics.mouth_audio_correlation(p, t).correlation,
        OPENING,
        RNG.normal(0, 1, FRAMES),
        1.0,
        rises=False,
        wrong={"infinite": (OPENING * np.inf, OPENING)},
    ),
    "LSE-D": Case(
        lambda p, t: metrics.lip_sync(p, t).distance,
        FEATURES,
        RNG.normal(0, 1, FEATURES.shape),
        symmetric=False,
        masks=False,
        wrong={"fewer dimensions": NARROW["fewer dimensions"], "no window": (FEATURES[:0], FEATURES[:0])},
    ),
}
TRACKS = {name: case for name, case in CASES.items() if case.real.dtype != np.uint8}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_identical_input_gives_the_ideal_value() -> None:
    for name, case in CASES.items():
        if case.ideal is not None:
            # LSE's distance adds 1e-6 to every difference, as the original does.
            assert case.measure(case.real, case.real) == pytest.approx(case.ideal, abs=1e-5), name


def test_the_ideal_value_is_the_one_that_the_registry_has() -> None:
    for name, case in CASES.items():
        info = metrics.METRICS[name]
        if info.ideal is not None and case.ideal is not None:
            assert info.ideal == case.ideal, name
        if info.better is not None:
            assert case.rises == (info.better == "lower"), name


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.symmetric])
def test_what_is_symmetric_may_be_swapped(name: str) -> None:
    case = CASES[name]
    pred = case.noised(1)
    assert case.measure(pred, case.real) == pytest.approx(case.measure(case.real, pred), rel=1e-9, abs=1e-12)


def test_noise_makes_it_steadily_worse(case: Case) -> None:
    values = [case.measure(case.noised(level), case.real) for level in LEVELS]
    steps = np.diff(values) if case.rises else -np.diff(values)
    assert (steps > 0).all(), values


def test_a_value_is_a_finite_number(case: Case) -> None:
    assert np.isfinite(case.measure(case.noised(1), case.real))


@pytest.mark.parametrize("name", TRACKS)
@pytest.mark.parametrize("side", ["pred", "target"])
def test_a_nan_is_left_out_or_refused_but_never_passes(name: str, side: str) -> None:
    case = TRACKS[name]
    arrays = {"pred": case.noised(1).copy(), "target": case.real.copy()}
    arrays[side][7] = np.nan
    if case.masks:
        assert np.isfinite(case.measure(arrays["pred"], arrays["target"]))
        return
    with pytest.raises(ValueError, match="expected"):
        case.measure(arrays["pred"], arrays["target"])


@pytest.mark.parametrize("name", TRACKS)
def test_nothing_but_nan_is_no_value(name: str) -> None:
    case = TRACKS[name]
    nothing = np.full_like(case.real, np.nan)
    assert _refused_or_none(case, nothing, case.real)
    assert _refused_or_none(case, case.real, nothing)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.shorter])
def test_other_numbers_of_frames_are_refused(name: str) -> None:
    case = CASES[name]
    with pytest.raises(ValueError, match="expected"):
        case.measure(case.real[:-1], case.real)


@pytest.mark.parametrize("name", [name for name, case in TRACKS.items() if case.real is not SHARES])
def test_one_frame_without_its_axis_is_refused(name: str) -> None:
    case = TRACKS[name]
    with pytest.raises(ValueError, match="expected"):
        case.measure(case.real[0], case.real[0])


def test_one_picture_without_its_axis_is_a_picture() -> None:
    for measure in (metrics.ssim, metrics.psnr):
        alone = measure(noisy(PICTURES, 5)[0], PICTURES[0])
        assert alone.shape == () and alone == measure(noisy(PICTURES, 5), PICTURES)[0]


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name, case in CASES.items() for wrong in case.wrong], ids=str
)
def test_what_does_not_fit_is_refused_in_words(name: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"expected|needs"):
        CASES[name].measure(*CASES[name].wrong[wrong])


def test_metrics_of_one_side_refuse_what_does_not_fit_and_leave_out_nan() -> None:
    holes = WALK[:, :2].copy()
    holes[3] = np.nan
    for measure in (metrics.eye_contact_share, metrics.blink_rate):
        assert np.isfinite(measure(holes + 10))
        for wrong in (np.full((5, 2), np.nan), np.zeros((5, 3)), np.zeros((0, 2))):
            with pytest.raises(ValueError, match="expected"):
                measure(wrong)


def test_emotions_refuse_what_are_no_probabilities() -> None:
    frames = np.full((5, 2), 0.5)
    assert metrics.emotion_score(frames, "happy", ("happy", "sad")).value == 1
    for wrong in (frames[0], frames[:, :1], frames * 2, frames - 1, frames * [1, np.nan]):
        with pytest.raises(ValueError, match="expected"):
            metrics.emotion_score(wrong, "happy", ("happy", "sad"))


# --- names ----------------------------------------------------------------------------------------------------------


def modules() -> Iterator[ModuleType]:
    """Every module of the room that imports here."""
    for found in pkgutil.walk_packages(metrics.__path__, f"{metrics.__name__}."):
        try:
            yield importlib.import_module(found.name)
        except BackendUnavailableError:
            continue


def test_no_metric_is_missing_in_the_registry_and_names_are_unique() -> None:
    defined: dict[str, MetricInfo] = {}
    for module in modules():
        for value in vars(module).values():
            for info in value if isinstance(value, tuple) else (value,):
                if isinstance(info, MetricInfo):
                    assert defined.setdefault(info.name, info) == info, f"{info.name} means two things"
    assert defined == dict(metrics.METRICS)
    assert [info.name for info in metrics.METRICS.values()] == list(metrics.METRICS)


def test_a_public_name_is_the_same_thing_whatever_was_imported_before() -> None:
    list(modules())  # an import of facecues.metrics.ssim must not put the module in the function's place
    assert sorted(set(metrics.__all__)) == sorted(metrics.__all__) == sorted(dir(metrics))
    for name in metrics.__all__:
        assert not isinstance(getattr(metrics, name), ModuleType), name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(metrics, "nonsense")  # noqa: B009


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_is_fast_and_brings_no_heavy_library() -> None:
    code = """
import sys, time
import numpy, scipy.spatial.transform
started = time.process_time()  # of the processor: others may be busy
import facecues.metrics
seconds = time.process_time() - started
assert not {"torch", "pandas", "av", "dask"} & sys.modules.keys(), sorted(sys.modules)
sys.stdout.write(str(seconds))
"""
    assert min(float(run(code)) for _ in range(3)) < 0.3


def test_without_pytorch_everything_but_networks_is_there() -> None:
    code = """
import numpy as np
from facecues import metrics
from facecues.errors import BackendUnavailableError
for name in metrics.__all__:
    getattr(metrics, name)
picture = np.zeros((64, 64, 3), np.uint8)
for measure in (metrics.lpips, metrics.fid_of_pictures, metrics.kid_of_pictures):
    try:
        measure(picture[None], picture[None])
    except BackendUnavailableError as error:
        assert "pip install 'facecues[torch]'" in str(error), error
    else:
        raise AssertionError(measure)
sys.stdout.write("told")
"""
    assert run(NO_TORCH + code) == "told"


def _refused_or_none(case: Case, pred: Array, target: Array) -> bool:
    try:
        return case.measure(pred, target) is None
    except ValueError as error:
        return "expected" in str(error)
