"""Protocols are data: they can be written down, read again and varied, and what cannot be is refused in words."""

import json

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from facecues.errors import UsageError
from facecues.metrics import landmark_distance, landmark_velocity_distance, psnr, ssim
from facecues.metrics.landmark_options import LANDMARK_PROTOCOLS, LandmarkOptions
from facecues.metrics.protocols import ATVGNET, EAT, FACECUES, PROTOCOLS, Protocol, protocol_named
from facecues.metrics.ssim import Ssim
from tests.metrics.pictures import noisy, scene
from tests.metrics.tracks import talking

PUBLISHED = (EAT, ATVGNET)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_protocol_written_down_is_the_same_when_read_again(protocol: Protocol) -> None:
    assert Protocol.model_validate_json(protocol.model_dump_json()) == protocol
    as_yaml = yaml.safe_dump(protocol.model_dump(mode="json"))
    assert Protocol.model_validate(yaml.safe_load(as_yaml)) == protocol
    only_what_differs = protocol.model_dump(mode="json", exclude_defaults=True)
    assert Protocol.model_validate(json.loads(json.dumps(only_what_differs))) == protocol


def test_what_is_not_said_is_as_in_the_default() -> None:
    assert Protocol.model_validate({}) == FACECUES == protocol_named("facecues")
    mixed = Protocol.model_validate({"name": "mine", "ssim": {"window": "uniform"}})
    assert mixed.ssim == EAT.ssim
    assert mixed.landmarks == FACECUES.landmarks


@pytest.mark.parametrize(
    "wrong",
    [{"metric": "m-ld"}, {"missing": "drop"}, {"ssim": {"win": 7}}, {"pictures": {"size": 0}}, {"missing": "exclude"}],
    ids=str,
)
def test_what_no_protocol_can_say_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):  # the last one: landmarks would go on penalising
        Protocol.model_validate(wrong)


def test_a_protocol_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FACECUES.missing = "exclude"


def test_names_are_those_of_the_landmark_protocols() -> None:
    assert set(PROTOCOLS) == set(LANDMARK_PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        assert protocol_named(name) is protocol
        assert protocol.name == name
        assert protocol.landmarks == LANDMARK_PROTOCOLS[name]
        assert protocol.landmarks.missing == protocol.missing


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'evp': expected one of facecues, eat, atvgnet"):
        protocol_named("evp")


def test_missing_is_changed_everywhere_and_nothing_else_is() -> None:
    left_out = FACECUES.with_missing("exclude")
    assert left_out.missing == left_out.landmarks.missing == "exclude"
    assert left_out.with_missing("penalize") == FACECUES
    assert FACECUES.missing == "penalize"  # a copy was changed


def test_a_protocol_that_leaves_out_knows_no_penalty_where_it_loses_time() -> None:
    with pytest.raises(UsageError, match="'eat' excludes what is missing: leave --missing out"):
        EAT.with_missing("penalize")
    for protocol in PUBLISHED:
        assert protocol.with_missing("exclude") == protocol


def test_pictures_are_changed_by_what_is_given() -> None:
    assert FACECUES.with_pictures(None, None) == FACECUES
    smaller = FACECUES.with_pictures("face", 128)
    assert (smaller.pictures.crop, smaller.pictures.size) == ("face", 128)
    assert smaller.model_copy(update={"pictures": FACECUES.pictures}) == FACECUES
    assert FACECUES.with_pictures(None, 512).pictures.crop == "frame"


@pytest.mark.parametrize(
    ("crop", "size", "says"),
    [
        ("mouth", None, "crop: .*'frame', 'face' or 'eat'"),
        (None, 3, "size: .*8"),
        ("eat", 256, "use size 128, not 256"),
        (None, 10**6, "size: .*2048"),
    ],
)
def test_pictures_that_cannot_be_are_refused_in_words(crop: str | None, size: int | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        FACECUES.with_pictures(crop, size)


def test_the_slip_of_eat_is_reached_by_data() -> None:
    rng = np.random.default_rng(0)
    pred, real = (talking(seed=seed) + rng.normal(0, 1, (40, 68, 3)) for seed in (1, 0))
    slip, right = EAT.landmarks, LandmarkOptions(**(EAT.landmarks.model_dump() | {"face_velocity": "face"}))
    mouth, face = (landmark_velocity_distance(pred, real, points=which, options=slip) for which in ("mouth", "face"))
    assert face == pytest.approx(mouth * 20 / 68, rel=1e-12)
    assert landmark_velocity_distance(pred, real, points="face", options=right) > 2 * face
    assert "slip:mouth" in slip.signature("F-LVD") and "slip" not in right.signature("F-LVD")


def test_atvgnet_adds_up_what_eat_averages() -> None:
    pred, real = talking(seed=1), talking(seed=0)
    eat, atvgnet = (landmark_distance(pred, real, options=one.landmarks) for one in PUBLISHED)
    assert atvgnet == pytest.approx(20 * eat, rel=1e-12)


def test_pictures_of_the_published_protocols() -> None:
    pred, real = noisy(scene(), 20), scene()
    assert ssim(pred, real, window=EAT.ssim.window).tolist() != ssim(pred, real).tolist()
    assert Ssim(EAT.ssim).signature == Ssim(ATVGNET.ssim).signature != Ssim(FACECUES.ssim).signature
    assert psnr(real, real, ATVGNET.psnr).tolist() == [100.0] * 3
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(grey + 16, grey, ATVGNET.psnr) == 100.0  # as if they were identical: 16² is 0 modulo 256
    assert np.isinf(psnr(real, real, EAT.psnr)).all()
    assert EAT.psnr == FACECUES.psnr
    # test_psnr_ssim.py and evaluation_matrix.py collect the values of all frames of all clips.
    assert [one.over for one in (FACECUES, EAT, ATVGNET)] == ["clip", "frame", "frame"]


def test_no_two_protocols_share_a_signature() -> None:
    for metric in ("M-LD", "F-LD", "M-LVD", "F-LVD"):
        assert len({protocol.landmarks.signature(metric) for protocol in PROTOCOLS.values()}) == len(PROTOCOLS)
    assert len({(one.pictures.signature, Ssim(one.ssim).signature) for one in PROTOCOLS.values()}) == len(PROTOCOLS)
