"""What looks at pictures: what is wanted and can be had, and why the rest cannot."""

import json

import pytest

from facecues.errors import BackendUnavailableError, FacecuesError, UsageError, WeightsMissingError
from facecues.metrics import instruments
from facecues.metrics.instruments import DEFAULT_GROUPS, GROUPS, NO_PICTURES, Absence, build_instruments
from facecues.metrics.protocols import EAT, FACECUES
from facecues.reasons import ScoreReason


def fails_with(error):
    def build(device):
        raise error

    return build


def test_metrics_of_pictures_alone_are_always_to_be_had():
    found = build_instruments(FACECUES, ("psnr", "ssim"))
    assert list(found.pictures) == ["SSIM", "PSNR"]  # the order of tables, whatever was typed
    assert not found.networks and not found.absent


def test_nothing_wanted_is_nothing_loaded():
    found = build_instruments(FACECUES, ())
    assert not (found.pictures or found.networks or found.absent)


def test_signatures_tell_protocols_apart():
    one, other = (build_instruments(protocol, ("ssim",)).pictures["SSIM"].signature for protocol in (FACECUES, EAT))
    assert one != other


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (WeightsMissingError("inception: put it there"), ScoreReason.WEIGHTS_MISSING),
        (BackendUnavailableError("pip install it"), ScoreReason.BACKEND_MISSING),
        (FacecuesError("its file is not what it says"), ScoreReason.BACKEND_MISSING),
    ],
)
def test_what_cannot_be_had_costs_itself_and_says_why(monkeypatch, error, reason):
    monkeypatch.setitem(instruments._NETWORKS, "inception", fails_with(error))
    found = build_instruments(FACECUES, ("ssim", "fid"))
    assert found.absent == {"inception": Absence(reason, str(error))}
    assert list(found.pictures) == ["SSIM"] and not found.networks


def test_what_is_known_to_be_absent_is_not_looked_for_again(monkeypatch):
    monkeypatch.setitem(instruments._NETWORKS, "inception", fails_with(AssertionError("looked for")))
    known = {"inception": Absence(ScoreReason.WEIGHTS_MISSING, "as before")}
    assert build_instruments(FACECUES, ("fid",), skip=known).absent == known


def test_a_mistake_of_the_user_is_no_absence(monkeypatch):
    monkeypatch.setitem(instruments._NETWORKS, "inception", fails_with(UsageError("no such device")))
    with pytest.raises(UsageError, match="no such device"):
        build_instruments(FACECUES, ("fid",))


def test_unknown_groups_are_refused_with_those_that_there_are():
    with pytest.raises(UsageError, match="called fvd, m-ld: expected some of ssim, psnr, "):
        build_instruments(FACECUES, ("ssim", "m-ld", "fvd"))


def test_a_classifier_that_is_none_is_refused(tmp_path):
    with pytest.raises(FacecuesError):
        build_instruments(FACECUES, (), (str(tmp_path),))


def test_without_pictures_what_needs_them_is_absent_for_that_reason_and_nothing_is_loaded(monkeypatch):
    monkeypatch.setitem(instruments._NETWORKS, "inception", fails_with(AssertionError("loaded")))
    found = build_instruments(FACECUES, ("ssim", "fid", "emotion"), seen=False)
    assert not (found.pictures or found.networks or found.cue_networks)
    assert found.absent == dict.fromkeys(["SSIM", "inception", "emotion-fer", "emotion-emotiefflib"], NO_PICTURES)


def test_a_trained_classifier_is_called_as_its_folder_is_and_looks_at_what_its_network_looks_at(tmp_path, monkeypatch):
    folders = {"of-cues": "cue-gru", "of-faces": "mini-xception"}
    for name, network in folders.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "emotion.json").write_text(json.dumps({"network": network}))
    monkeypatch.setattr(instruments, "_cue_classifier", lambda folder, device: folder)
    monkeypatch.setattr(instruments, "_network", lambda name, device, folder: folder)
    found = build_instruments(FACECUES, (), [str(tmp_path / name) for name in folders])
    assert found.cue_networks == {"emotion-of-cues": tmp_path / "of-cues"}
    assert found.networks == {"emotion-of-faces": tmp_path / "of-faces"}
    blind = build_instruments(FACECUES, (), [str(tmp_path / name) for name in folders], seen=False)
    assert list(blind.cue_networks) == ["emotion-of-cues"] and blind.absent == {"emotion-of-faces": NO_PICTURES}


def test_two_classifiers_of_one_name_are_refused(tmp_path):
    for parent in ("a", "b"):
        (tmp_path / parent / "mine").mkdir(parents=True)
    with pytest.raises(UsageError, match="Two classifiers are called 'mine'"):
        build_instruments(FACECUES, (), [str(tmp_path / parent / "mine") for parent in ("a", "b")])
    (tmp_path / "fer").mkdir()
    with pytest.raises(UsageError, match="'fer'"):
        build_instruments(FACECUES, (), [str(tmp_path / "fer")])


def test_groups_serve_something_each_and_the_default_is_among_them():
    assert set(DEFAULT_GROUPS) < GROUPS.keys()
    served = [name for names in GROUPS.values() for name in names]
    assert len(served) == len(set(served)) and all(GROUPS.values())
