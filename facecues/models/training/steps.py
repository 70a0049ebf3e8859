"""A step of any training: how fast it learns, from which loss, and in how much memory."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from facecues.errors import FacecuesError

_LEAST_RATE: Final = 0.02  # of the learning rate, at the end


def rate_at(share: float, warm_up: float) -> float:
    """Of the learning rate, after a share of the training: rises over `warm_up` of it, then falls as a cosine."""
    rising = min(1.0, share / warm_up)
    falling = _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return min(rising, falling)


def weighted_sum(terms: Mapping[str, Tensor], weights: BaseModel) -> Tensor:
    """Sum of a batch's terms, each times the weight of its name."""
    return torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()


def no_number(loss: Tensor, epoch: int, clips: Iterable[str], advice: str) -> FacecuesError:
    """What a training stops with where the loss is not finite.

    Args:
        loss: of a batch. epoch: it is in.
        clips: ids of the batch's.
        advice: where to look, in words.
    """
    return FacecuesError(
        f"The loss is {loss.item()} in epoch {epoch}, on the clips {', '.join(clips)}: {advice}, or lower "
        "learning_rate. Earlier epochs are kept."
    )


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, rate: float, norm: float) -> None:
    """A step with a gradient that is no longer than `norm`."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([one for group in optimizer.param_groups for one in group["params"]], norm)
    optimizer.step()


def compute_again(part: Callable[..., Any], *given: Tensor, model: nn.Module) -> Any:
    """What a part of a model says; nothing in it is kept, but computed again on the way back."""

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _unmoved_statistics(model)

    return checkpoint(part, *given, use_reentrant=False, context_fn=contexts)


@contextmanager
def _unmoved_statistics(model: nn.Module) -> Iterator[None]:
    """What is computed again was counted before: batch norm's running statistics stay as they are."""
    norms = [one for one in model.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)]
    before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm, _, count in before:
        norm.momentum, norm.num_batches_tracked = 0.0, None if count is None else count.clone()
    try:
        yield
    finally:
        for norm, momentum, count in before:
            norm.momentum, norm.num_batches_tracked = momentum, count
