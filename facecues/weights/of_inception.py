"""Weights of the distribution metrics' network."""

from facecues.weights.kinds import Url, Weight

# One file under two names: projects that pin either pin the same hash and size, and the file names agree with the
# hash's beginning. Addresses: src/pytorch_fid/inception.py of mseitzer/pytorch-fid and
# torch_fidelity/feature_extractor_inceptionv3.py of toshas/torch-fidelity.
_PYTORCH_FID = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
)
_TORCH_FIDELITY = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
)

OF_INCEPTION = (
    Weight(
        name="inception",
        file_name="pt_inception-2015-12-05-6726825d.pth",
        title="Inception of 2015, FID's network, ported to PyTorch",
        size=95_628_359,
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        licence="Apache-2.0",
        unlocks=("FID", "KID"),
        address=f"{_PYTORCH_FID} (torch-fidelity's weights-inception-2015-12-05-6726825d.pth is the same file)",
        sources=(Url(_PYTORCH_FID), Url(_TORCH_FIDELITY)),
    ),
)
