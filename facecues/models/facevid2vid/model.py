"""face-vid2vid: a portrait, moved by keypoints in space.

    keypoints(picture) = R(picture) canonical(portrait) + t(picture) + expression(picture)
    picture' = generate(encode(portrait), keypoints(portrait), keypoints(picture))

Wang et al., "One-Shot Free-View Neural Talking-Head Synthesis for Video Conferencing", arXiv 2011.15126, with the
layers of its public implementation, zhanglonghao1992/One-Shot_Free-View_Neural_Talking_Head_Synthesis.
"""

from torch import Tensor, nn

from facecues.models.facevid2vid.config import FaceVid2VidConfig
from facecues.models.facevid2vid.contracts import Generated, HeadPose
from facecues.models.facevid2vid.generator import Generator
from facecues.models.facevid2vid.head_pose import HeadPoseEstimator, place
from facecues.models.facevid2vid.keypoints import KeypointDetector


class FaceVid2Vid(nn.Module):
    """All networks but the discriminator of training. Pictures are (B, 3, S, S) RGB in [0, 1]; keypoints are
    (B, K, 3) x, y, z, in [-1, 1] inside the picture."""

    def __init__(self, config: FaceVid2VidConfig) -> None:
        super().__init__()
        self.config = config
        self.kp_detector = KeypointDetector(config.kp_detector, config.keypoints)
        if config.posed:
            self.he_estimator = HeadPoseEstimator(config.he_estimator, config.keypoints)
        self.generator = Generator(config.generator, config.keypoints)

    def canonical(self, pictures: Tensor) -> Tensor:
        """Keypoints of the faces as if they looked straight ahead, without expression; 0 if not posed."""
        if not self.config.posed:
            return pictures.new_zeros(len(pictures), self.config.keypoints, 3)
        keypoints: Tensor = self.kp_detector(pictures)
        return keypoints

    def estimate(self, pictures: Tensor) -> HeadPose:
        """Head pose and expression; if not posed, no pose, and keypoints as they are in place of the expression."""
        if not self.config.posed:
            still = pictures.new_zeros(len(pictures), 3)
            return HeadPose(still, still, self.kp_detector(pictures))
        pose: HeadPose = self.he_estimator(pictures)
        return pose

    def place(self, canonical: Tensor, pose: HeadPose) -> Tensor:
        """Canonical keypoints of B faces, or of one, as B poses have them. Nothing handed in changes."""
        return place(canonical, pose, self.config.rotation)

    def keypoints(self, pictures: Tensor) -> Tensor:
        """Keypoints as they are in the pictures."""
        return self.place(self.canonical(pictures), self.estimate(pictures))

    def encode(self, pictures: Tensor) -> Tensor:
        """Appearance volumes (B, C, D, h, w), computed once for each portrait."""
        volume: Tensor = self.generator.encode(pictures)
        return volume

    def generate(self, appearance: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Generated:
        """Portraits, moved.

        Args:
            appearance: (B, C, D, h, w) from `encode`, or (1, …), one for all.
            kp_source: (B, K, 3) or (1, K, 3), of the portraits.
            kp_driving: (B, K, 3), where to have them.
        """
        generated: Generated = self.generator(appearance, kp_source, kp_driving)
        return generated
