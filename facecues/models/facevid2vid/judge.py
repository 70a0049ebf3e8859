"""The discriminator's side of training: what it says of pictures that are made, and how it learns to tell them."""

import torch
from torch import Tensor

from facecues.models.facevid2vid import losses
from facecues.models.facevid2vid.discriminator import Discriminator
from facecues.models.facevid2vid.training_config import BETAS, TrainingConfig
from facecues.models.training.steps import descend


class Judge:
    """A discriminator that learns beside the generator.

    Attributes:
        network: on the device of the training.
        optimizer: of it.
    """

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        self._settings, self._device = config.train, device
        self.network = Discriminator(config.network.discriminator).to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), config.train.learning_rate, BETAS)

    def terms(self, made: Tensor, true: Tensor) -> dict[str, Tensor]:
        """Terms of the generator's loss, from which the discriminator does not learn.

        Args:
            made, true: (B, 3, S, S) RGB in [0, 1].
        """
        self.network.requires_grad_(False)
        of_made = self.network(made)
        with torch.no_grad():
            of_true = self.network(true)
        self.network.requires_grad_(True)
        return {
            "adversarial": losses.adversarial(of_made),
            "matching": losses.feature_matching(of_made, of_true),
        }

    def learn(self, made: Tensor, true: Tensor, rate: float) -> float:
        """The discriminator's own step, at a learning rate, on pictures as `terms` takes them; gives its loss."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._settings.bf16):
            loss = losses.discriminating(self.network(true), self.network(made))
        descend(self.optimizer, loss, rate, self._settings.gradient_norm)
        return loss.item()
