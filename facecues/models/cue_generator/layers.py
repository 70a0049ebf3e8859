"""Parts of the network of stage 1."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facecues.labels import EMOTIONS

Memory = tuple[Tensor, Tensor]


def mlp(size: int, hidden: int, out: int) -> nn.Sequential:
    """Two linear layers with a ReLU between them."""
    return nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, out))


class AudioEncoder(nn.Module):
    """Windows of sound to vectors: convolutions along time, with the coefficients as channels.

    Its buffers `mean` and `std` (size,) are those of the coefficients in training (`fit`).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, steps: int, size: int, out: int) -> None:
        """`steps` and `size`: rows of a window, and coefficients of a row."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))
        self.layers = nn.Sequential(
            nn.Conv1d(size, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(32, 64, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv1d(64, 96, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(96 * (steps // 4), out),
            nn.ReLU(),
        )

    @torch.no_grad()
    def fit(self, rows: NDArray[np.float32]) -> None:
        """Standardises by these (R, size) rows of a front end."""
        self.mean.copy_(torch.from_numpy(rows.mean(axis=0, dtype=np.float64)))
        self.std.copy_(torch.from_numpy(np.maximum(rows.std(axis=0, dtype=np.float64), 1e-3)))

    def forward(self, windows: Tensor) -> Tensor:
        """(B, T, steps, size) to (B, T, out)."""
        x = (windows - self.mean) / self.std
        encoded: Tensor = self.layers(x.flatten(0, 1).transpose(1, 2))
        return encoded.reshape(*windows.shape[:2], -1)


class EmotionEmbedding(nn.Module):
    """A learnt point for each emotion, and a learnt way from it as the level rises: a level that training lacks lies
    between those that it has."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.label = nn.Embedding(len(EMOTIONS), out)
        self.rise = nn.Embedding(len(EMOTIONS), out)

    def forward(self, emotion: Tensor, level: Tensor) -> Tensor:
        """(B,) index in EMOTIONS and (B,) level, 1 to 3, to (B, out)."""
        return cast(Tensor, self.label(emotion) + (level[:, None] - 1) / 2 * self.rise(emotion))


class Recurrent(nn.LSTM):
    """An LSTM that also runs frame by frame, where what it gets next depends on what was drawn last."""

    def __init__(self, size: int, hidden: int, layers: int) -> None:
        super().__init__(size, hidden, layers, batch_first=True)

    def begin(self, like: Tensor) -> Memory:
        """Zeros for a batch as large as that of `like`, on its device."""
        zeros = like.new_zeros(self.num_layers, like.shape[0], self.hidden_size)
        return zeros, zeros

    def step(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """(B, D) to (B, hidden); memory: h and c, each (layers, B, hidden)."""
        hidden, cells = [], []
        for layer in range(self.num_layers):
            weights = [getattr(self, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            h, c = torch.lstm_cell(x, (memory[0][layer], memory[1][layer]), *weights)
            x = h
            hidden.append(h)
            cells.append(c)
        return x, (torch.stack(hidden), torch.stack(cells))
