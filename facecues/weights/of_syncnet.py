"""Weights of the lip sync metrics."""

from facecues.weights.kinds import Url, Weight

# Address: download_model.sh of joonson/syncnet_python. Size and hash: as several projects that fetched it from
# there pin them.
_SYNCNET = "https://www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model"

OF_SYNCNET = (
    Weight(
        name="syncnet-v2",
        file_name="syncnet_v2.model",
        title="SyncNet v2, pictures of a mouth and its sound",
        size=54_573_114,
        sha256="961e8696f888fce4f3f3a6c3d5b3267cf5b343100b238e79b2659bff2c605442",
        licence="MIT (code); trained on BBC television, no licence stated for the weights",
        unlocks=("LSE-C", "LSE-D"),
        address=_SYNCNET,
        sources=(Url(_SYNCNET),),
    ),
)
