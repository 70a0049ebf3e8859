"""LPIPS's weighted distance between features of AlexNet or VGG16: see facecues.metrics.lpips."""

from facecues import weights
from facecues.errors import BackendUnavailableError
from facecues.metrics.contracts import Batch, Float64
from facecues.metrics.lpips import Net
from facecues.metrics.pictures import LPIPS, LPIPS_VGG
from facecues.metrics.signature import make_signature

try:
    import torch
    from torch import Tensor, nn

    from facecues.metrics.networks import alexnet, vgg16
    from facecues.metrics.networks.backbone import Look, Observer
    from facecues.preprocess.networks import load_weights
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"LPIPS needs PyTorch, which does not import here ({error}): pip install 'facecues[torch]'"
    ) from error

_INFO = {"alex": LPIPS, "vgg": LPIPS_VGG}
_CHANNELS = {"alex": alexnet.CHANNELS, "vgg": vgg16.CHANNELS}
_OBSERVERS = {"alex": alexnet.imagenet_alexnet, "vgg": vgg16.imagenet_vgg16}


class Lpips:
    """A PictureMetric. A frame goes through the network once, for all comparisons and for FD-AlexNet."""

    def __init__(self, net: Net = "alex", *, observer: Observer | None = None, device: str = "cpu") -> None:
        """Takes the published weights; another `observer` has other features, so its values are not LPIPS.

        Raises:
            WeightsMissingError: they cannot be had.
            UsageError, BackendUnavailableError: no device of this name, or not on this machine.
        """
        if net not in _INFO:
            raise ValueError(f"expected net 'alex' or 'vgg', got {net!r}")
        self.info = _INFO[net]
        self._observer = observer or _OBSERVERS[net](device)
        self._heads = _heads(net)
        self.signature = make_signature("lpips", {"net": net, "heads": "0.1", "w": self._observer.digest})

    def prepare(self, batch: Batch) -> Look:
        """Raises ValueError where the pictures are smaller than the network can see."""
        return self._observer.look(batch)

    @torch.inference_mode()
    def compare(self, pred: Look, target: Look) -> Float64:
        """(n,) float64."""
        runs = [self._distances(a, b) for a, b in zip(pred.layers, target.layers, strict=True)]
        return torch.cat(runs).cpu().double().numpy()

    def _distances(self, pred: list[Tensor], target: list[Tensor]) -> Tensor:
        """(k, C, h, w) of each layer -> (k,)."""
        total = torch.zeros(len(pred[0]), device=pred[0].device)
        for a, b, head in zip(pred, target, self._heads, strict=True):
            total += (a - b).square_().mean(dim=(2, 3)) @ head.to(a.device)
        return total


class _Head(nn.Module):
    """Named as in the published file."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Identity(), nn.Conv2d(channels, 1, 1, bias=False))


def _heads(net: Net) -> list[Tensor]:
    """Weights of the channels of each layer, (C,)."""
    heads = nn.ModuleDict({f"lin{i}": _Head(channels) for i, channels in enumerate(_CHANNELS[net])})
    load_weights(heads, weights.locate(f"lpips-{net}"), f"LPIPS ({net})")
    return [weight.detach().flatten() for weight in heads.state_dict().values()]
