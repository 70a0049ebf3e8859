"""The collaborative emotion classifier: landmarks, gaze and head pose of a clip, judged together.

That the paper has one is reported, how it is built is this project's own choice, as are its numbers: a GRU with mean
pooling, and whole cues left out in training, so that none of them alone decides. The convolutional network is the
other's judge: it shares no kind of memory and no pooling with it.
"""

from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from facecues.labels import EMOTIONS
from facecues.models.emotion.config import CueClassifierConfig, Stream

_CHANNELS: Final[dict[Stream, int]] = {"landmarks": 68 * 3, "gaze": 2, "pose": 3}
_WIDTHS: Final[dict[Stream, int]] = {"landmarks": 64, "gaze": 24, "pose": 24}  # of what each stream becomes
_SPEED: Final = 4.0  # differences of standardised channels are about a quarter of the channels
_DILATIONS: Final = (1, 2, 4, 8)  # with kernels of 3: 31 pairs of frames are seen at a time
_LEAST_VARIANCE: Final = 1e-6  # below which a deviation has no gradient to speak of
_LEAST_DEVIATION: Final[dict[Stream, float]] = {"landmarks": 1e-3, "gaze": 0.1, "pose": 0.1}  # of a channel


class CueClassifier(nn.Module):
    """Cues of clips to logits over facecues.labels.EMOTIONS, differentiable in the cues.

    Frames that are masked do not count at all: whatever stands in them, also NaN, changes neither logits nor gradients.
    The frames left are taken to follow each other, but no speed is measured across a gap. Inputs are standardised by
    channel, by buffers that `fit_scales` sets and the state dict keeps.
    """

    def __init__(self, config: CueClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.streams = nn.ModuleDict({name: _StreamEncoder(name) for name in config.streams})
        width = sum(_WIDTHS[name] for name in config.streams)
        body = _Recurrent if config.architecture == "gru" else _Convolutional
        self.body = body(width, config.hidden)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(2 * config.hidden, len(EMOTIONS)))

    @torch.no_grad()
    def fit_scales(self, landmarks: Tensor, gaze: Tensor, pose: Tensor) -> None:
        """Standardises by these frames: (N, 68, 3), (N, 2) and (N, 3); a frame with NaN is left out of its stream."""
        values = {"landmarks": landmarks, "gaze": gaze, "pose": pose}
        for name, encoder in self._encoders:
            encoder.fit(values[name].flatten(1))

    def forward(
        self, landmarks: Tensor, gaze: Tensor, pose: Tensor, mask: Tensor, keep: Tensor | None = None
    ) -> Tensor:
        """Judges a batch of clips.

        Args:
            landmarks: (B, T, 68, 3) template units.
            gaze: (B, T, 2) pitch and yaw, degrees, camera frame.
            pose: (B, T, 3) pitch, yaw and roll, degrees.
            mask: (B, T) bool, which frames count. A clip without any gets the same logits whatever is in it.
            keep: (B, len(config.streams)) bool, which streams of each clip are seen; all of them unless given, and in
                training some by chance.

        Returns:
            (B, 8) logits in the order of facecues.labels.EMOTIONS.
        """
        values = {"landmarks": landmarks, "gaze": gaze, "pose": pose}
        follows = mask & torch.cat([torch.zeros_like(mask[:, :1]), mask[:, :-1]], dim=1)
        if keep is None and self.training:
            keep = self._some_streams(len(mask), mask.device)
        encoded = []
        for at, (name, encoder) in enumerate(self._encoders):
            rows = encoder(values[name].flatten(2), mask, follows)
            encoded.append(rows if keep is None else rows * keep[:, at, None, None])
        pooled = self.body(*_in_pairs(torch.cat(encoded, dim=2), mask))
        logits: Tensor = self.head(pooled)
        return logits

    @property
    def _encoders(self) -> list[tuple[str, "_StreamEncoder"]]:
        return [(name, cast(_StreamEncoder, encoder)) for name, encoder in self.streams.items()]

    def _some_streams(self, clips: int, device: torch.device) -> Tensor:
        """(clips, streams) bool: each is left out at the configured rate, the luckiest one of a clip never."""
        luck = torch.rand(clips, len(self.config.streams)).to(device)  # drawn here, so that a seed means the same
        return (luck >= self.config.drop_stream) | (luck == luck.amax(dim=1, keepdim=True))


class _StreamEncoder(nn.Module):
    """One stream, frame by frame: where it is and how fast it goes."""

    mean: Tensor  # (channels,)
    deviation: Tensor  # (channels,)

    def __init__(self, name: Stream) -> None:
        super().__init__()
        channels, width = _CHANNELS[name], _WIDTHS[name]
        self.least = _LEAST_DEVIATION[name]
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        # Many channels are made few before anything else: speed is linear in them, and costs no more then.
        self.reduce = nn.Linear(channels, width) if width < channels else nn.Identity()
        self.mix = nn.Linear(2 * min(channels, width), width)

    def fit(self, values: Tensor) -> None:
        """(N, channels)."""
        known = values[values.isfinite().all(dim=1)].double()
        self.mean.copy_(known.mean(dim=0))
        self.deviation.copy_(known.std(dim=0, correction=0).clamp(min=self.least))

    def forward(self, values: Tensor, mask: Tensor, follows: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, width); `follows` says which frames and their predecessors count."""
        known = torch.where(mask[..., None], values, self.mean)
        place = self.reduce((known - self.mean) / self.deviation)
        speed = torch.zeros_like(place)
        speed[:, 1:] = _SPEED * place.diff(dim=1) * follows[:, 1:, None]
        return torch.relu(self.mix(torch.cat([place, speed], dim=2)))


class _Recurrent(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)

    def train(self, mode: bool = True) -> "_Recurrent":
        """One layer without dropout does the same in both modes, but cuDNN has gradients in training mode alone."""
        return super().train(True)

    def forward(self, rows: Tensor, weights: Tensor) -> Tensor:
        """(B, T, width), those of weight 0 last -> (B, 2 hidden)."""
        if (weights > 0).all():
            return _mean(self.gru(rows)[0], weights)
        lengths = (weights > 0).sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=rows.shape[1])
        return _mean(states, weights)


class _Convolutional(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, hidden)
        self.layers = nn.ModuleList(nn.Conv1d(hidden, hidden, 3, padding=gap, dilation=gap) for gap in _DILATIONS)

    def forward(self, rows: Tensor, weights: Tensor) -> Tensor:
        """(B, T, width), those of weight 0 last -> (B, 2 hidden)."""
        here = weights[:, None] > 0
        x = torch.relu(self.enter(rows)).transpose(1, 2) * here
        for layer in self.layers:
            x = (x + torch.relu(layer(x))) * here  # after a clip's end stands what a convolution pads with
        x = x.transpose(1, 2)
        mean = _mean(x, weights)
        variance = _mean((x - mean[:, None]) ** 2, weights)
        return torch.cat([mean, (variance + _LEAST_VARIANCE).sqrt()], dim=1)


def _in_pairs(rows: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Leaves masked frames out and takes the mean of each two that then follow each other: 12.5 a second are enough.

    Returns:
        rows: (B, ceil(T / 2), D), zeros at the end of clips that have fewer.
        weights: (B, ceil(T / 2)) of rows' type, how many frames stand behind each: 2, 1 or 0.
    """
    order = torch.argsort(~mask, dim=1, stable=True)
    counts = mask.gather(1, order)[..., None].to(rows.dtype)
    rows = rows.gather(1, order[..., None].expand_as(rows)) * counts
    if rows.shape[1] % 2:
        rows, counts = (nn.functional.pad(one, (0, 0, 0, 1)) for one in (rows, counts))
    clips, frames, width = rows.shape
    weights = counts.reshape(clips, frames // 2, 2).sum(dim=2)
    means = rows.reshape(clips, frames // 2, 2, width).sum(dim=2) / weights[..., None].clamp(min=1)
    return means, weights


def _mean(rows: Tensor, weights: Tensor) -> Tensor:
    """(B, T, D), (B, T) -> (B, D); 0 where all weights are."""
    return (rows * weights[..., None]).sum(dim=1) / weights.sum(dim=1, keepdim=True).clamp(min=1)
