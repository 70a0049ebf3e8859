"""Backend face-alignment against the package itself, both with the same seeded random weights."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from facecues.config import Limits
from facecues.preprocess.decode import Decoder
from facecues.preprocess.video import Frame

torch = pytest.importorskip("torch")
face_alignment = pytest.importorskip("face_alignment")
from face_alignment.detection.sfd.net_s3fd import s3fd  # noqa: E402
from face_alignment.detection.sfd.sfd_detector import SFDDetector  # noqa: E402
from face_alignment.models import FAN, ResNetDepth  # noqa: E402

from facecues.preprocess.landmarks import fan_networks  # noqa: E402
from facecues.preprocess.landmarks.fan_networks import FanNetworks  # noqa: E402

BOXES = {
    "inside": (705.3, 190.7, 1093.4, 655.1),
    "beyond the top left": (-50.2, -40.0, 300.3, 280.6),
    "beyond the bottom right": (1700.0, 700.0, 2000.0, 1100.0),
    "small": (800.5, 300.5, 841.2, 350.9),
}


@pytest.fixture(scope="module")
def networks() -> FanNetworks:
    torch.manual_seed(0)
    return FanNetworks(s3fd().eval(), FAN(4).eval(), ResNetDepth().eval(), torch.device("cpu"), "random")


@pytest.fixture(scope="module")
def package(networks: FanNetworks) -> "face_alignment.FaceAlignment":
    """The package as its README builds it, on the CPU, not compiled, with the same networks."""

    class Given(face_alignment.FaceAlignment):
        def _load_native(self, *_: object) -> "torch.nn.Module":
            return networks.fan

        def _load_native_depth(self, *_: object) -> "torch.nn.Module":
            return networks.depth

    kind = face_alignment.LandmarksType.THREE_D
    return Given(kind, flip_input=False, device="cpu", face_detector="folder", compile=False)


@pytest.fixture(scope="module")
def decoded(mead: Path) -> Iterator[Frame]:
    with Decoder(mead / "M030/video/front/sad/level_3/001.mp4", Limits()) as decoder:
        yield next(iter(decoder))


def in_rgb(frame: Frame) -> Frame:
    """The same picture held as RGB, so that both sides see the same bytes."""
    return Frame(av.VideoFrame.from_ndarray(frame.rgb(), "rgb24"), 0, 0.0)


@pytest.mark.parametrize("where", BOXES)
def test_landmarks_of_a_box_equal_the_packages(
    where: str, networks: FanNetworks, package: "face_alignment.FaceAlignment", decoded: Frame
) -> None:
    """x and y to the last bit, z with its sign changed: no tolerance is needed, given the same RGB."""
    box = np.array(BOXES[where], np.float32)
    points, scores, _ = package.get_landmarks_from_image(
        decoded.rgb(), [box.astype(np.float64)], return_landmark_score=True
    )
    face = networks.align([in_rgb(decoded)], box)[0]
    assert np.array_equal(face.landmarks[:, :2], points[0][:, :2])
    assert np.allclose(face.landmarks[:, 2], -points[0][:, 2], rtol=1e-5, atol=1e-6)
    assert face.score == pytest.approx(float(np.clip(scores[0].mean(), 0, 1)), abs=1e-6)


def test_frames_aligned_together_equal_frames_aligned_alone(networks: FanNetworks, decoded: Frame) -> None:
    box = np.array(BOXES["inside"], np.float32)
    frame = in_rgb(decoded)
    alone, together = networks.align([frame], box)[0], networks.align([frame] * 2, box)[1]
    assert np.array_equal(alone.landmarks[:, :2], together.landmarks[:, :2])
    assert np.allclose(alone.landmarks[:, 2], together.landmarks[:, 2], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("where", BOXES)
def test_the_crop_from_yuv_is_that_from_rgb_but_for_rounding(where: str, decoded: Frame) -> None:
    """What the decoder gives is cropped without an RGB frame; chroma is interpolated and rounded elsewhere."""
    crop = fan_networks._crop
    centre, scale = fan_networks._centre_and_scale(np.array(BOXES[where], np.float32))
    ours, theirs = (crop(frame, centre, scale).astype(int) for frame in (decoded, in_rgb(decoded)))
    assert np.abs(ours - theirs).max() <= 3
    assert np.abs(ours - theirs).mean() <= 0.2


@pytest.mark.slow
def test_detections_of_a_small_frame_equal_the_packages(networks: FanNetworks, tmp_path: Path) -> None:
    """Up to 640 pixels nothing is reduced: the boxes are the package's, in number, order and place."""
    torch.save(networks.detector.state_dict(), tmp_path / "s3fd.pth")
    detector = SFDDetector("cpu", path_to_detector=str(tmp_path / "s3fd.pth"))
    rgb = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    theirs = np.array(detector.detect_from_image(rgb))[:, :4]
    ours = networks.detect(Frame(av.VideoFrame.from_ndarray(rgb, "rgb24"), 0, 0.0))
    assert len(theirs) > 5
    assert np.allclose(ours, theirs, rtol=1e-6, atol=1e-3)
