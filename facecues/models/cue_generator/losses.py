"""Terms of the loss of stage 1, each a mean over the frames that have cues.

| term | what it is |
|---|---|
| landmarks | L1, or square, of the displacement, mouth and eyes weighted |
| velocity | the same of its differences in time |
| motion | the same of its way about its mean over the piece, which sound tells and no reference can |
| gaze | cross-entropy of the bins of each axis + alpha x squared error of the expectation in bin widths |
| pose | Gaussian negative log-likelihood of the standardised pose; L1 of a regression |
| emotion | cross-entropy of the collaborative classifier |

The terms are inferred, not the paper's. Gaze after L2CS-Net (arXiv 2203.03339). Where gaze and pose are drawn and not
the teacher's, there is no right answer to compare them with, nor for lids, which go with the gaze: those clips learn
from the other landmarks and from the classifier.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from facecues.models.cue_generator.config import LossWeights
from facecues.models.cue_generator.network import GAZE_UNIT, CueNetwork, Frame, Heads

_MOUTH: Final = slice(48, 68)
_EYES: Final = slice(36, 48)


def cue_losses(
    network: CueNetwork, heads: Heads, truth: Frame, valid: Tensor, weights: LossWeights, *, forced: bool
) -> dict[str, Tensor]:
    """Terms by name, unweighted; those of gaze and pose only where there is a truth to hold them against.

    Args:
        network: that said `heads`.
        heads: of (B, T) frames.
        truth: (B, T, …) the true cues.
        valid: (B, T) float, 1 where they are known.
        weights: of which those of points and instants, and `gaze_expectation`, count here.
        forced: whether gaze and pose were the teacher's.
    """
    told = valid if forced or not network.config.autoregressive else torch.zeros_like(valid)
    points = torch.ones(68, device=valid.device)
    points[_MOUTH] = weights.mouth
    seen = points * valid[..., None]
    seen[..., _EYES] = weights.eyes * told[..., None]
    drawn = told.clone()
    drawn[:, 0] *= weights.start
    error = (heads.frame.shape - truth.shape).reshape(*valid.shape, 68, 3)
    jump = error[:, 1:] - error[:, :-1]
    far = torch.abs if weights.distance == "absolute" else torch.square
    terms = {
        "landmarks": _mean(far(error).mean(-1), seen),
        "velocity": _mean(far(jump).mean(-1), seen[:, 1:] * seen[:, :-1].clamp(max=1)),
    }
    if weights.motion:
        shown = valid[..., None, None]
        usual = (error * shown).sum(1, keepdim=True) / shown.sum(1, keepdim=True).clamp(min=1)
        terms["motion"] = _mean(far(error - usual).mean(-1), seen)
    if forced or not network.config.autoregressive:
        terms["gaze"] = _gaze(network, heads, truth.gaze, drawn, weights.gaze_expectation)
        terms["pose"] = _pose(network, heads, truth.pose, drawn)
    return terms


def _gaze(network: CueNetwork, heads: Heads, truth: Tensor, told: Tensor, alpha: float) -> Tensor:
    total = torch.zeros((), device=truth.device)
    for axis, said in enumerate((heads.pitch, heads.yaw)):
        true = truth[..., axis]
        if network.config.gaze == "regression":
            each = (said[..., 0] - true / GAZE_UNIT).abs()
        else:
            classes = torch.searchsorted(network.edges, true.contiguous(), right=True) - 1
            each = functional.cross_entropy(said.transpose(1, 2), classes.clamp(min=0), reduction="none")
            expected = network.bins.decode(said.softmax(-1))
            each = each + alpha * ((expected - true) / network.bins.width).square().clamp(max=100)
        total = total + _mean(each, told)
    return total


def _pose(network: CueNetwork, heads: Heads, truth: Tensor, told: Tensor) -> Tensor:
    error = truth - heads.pose
    if network.config.pose == "regression":
        return _mean(error.abs().mean(-1), told)
    likelihood = 0.5 * (error / heads.log_sigma.exp()).square() + heads.log_sigma - network.pose_move.log()
    # A likelihood pulls as hard as it is sure, and would drown the other terms: weighted by the deviation after
    # Seitzer et al., "On the pitfalls of heteroscedastic uncertainty estimation", ICLR 2022, with beta 0.5.
    certainty = (heads.log_sigma.detach().exp() / network.pose_move).clamp(max=1)
    return _mean((certainty * likelihood).mean(-1), told)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)
