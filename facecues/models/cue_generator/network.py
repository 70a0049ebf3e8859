"""The network of stage 1: sound, emotion and a reference face to landmarks, gaze and head pose, frame after frame.

    a_t = AudioEncoder(window of sound)         e = EmotionEmbedding(label, level)         r = MLP(reference landmarks)
    c_t = MLP(gaze and pose of t)               h_t = LSTM([a_t, e, r, c_(t-1)])
    pose_t from h_t       gaze_t from h_t, pose_t and gaze_(t-1)       landmarks_t from h_t, pose_t and gaze_t

Within a frame each cue is taken knowing the one before it, so that eyes can keep their aim while the head turns and
lids can go with the eyes. Autoregression over the three cues, and gaze in bins, are reported of the paper (arXiv
2406.07895); one state for all, what is fed back, the chain of the heads, the densities and all sizes are ours.
"""

from typing import Final, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from facecues.models.cue_generator.config import NetworkConfig
from facecues.models.cue_generator.layers import AudioEncoder, EmotionEmbedding, Memory, Recurrent, mlp
from facecues.models.gaze_bins import GAZE_BINS
from facecues.resample import FPS

SHAPE: Final = 204  # numbers of 68 points
POSE: Final = 7  # pitch, yaw, roll; x, y, z; log scale
GAZE_UNIT: Final = 10.0  # degrees
_INSIDE: Final = 0.999  # of a bin's width, where its last angle is
_LOG_SIGMA: Final = (-4.0, 2.0)
_CUES: Final = ("shape", "gaze", "pose")


class Inputs(NamedTuple):
    """What does not depend on earlier frames.

    Attributes:
        windows: (B, T, steps, size) of a front end, raw.
        emotion: (B,) int64, index in facecues.labels.EMOTIONS.
        level: (B,) 1 to 3.
        reference: (B, 68, 3) template units.
    """

    windows: Tensor
    emotion: Tensor
    level: Tensor
    reference: Tensor


class Frame(NamedTuple):
    """Cues of an instant, or of several along a second axis, in the network's units.

    Attributes:
        shape: (B, …, 204) displacement of the points from the reference's, in `shape_unit` template units.
        gaze: (B, …, 2) pitch, yaw, degrees, camera frame.
        pose: (B, …, 7) standardised.
    """

    shape: Tensor
    gaze: Tensor
    pose: Tensor


class Heads(NamedTuple):
    """What the heads say of an instant, or of several, and what was taken of it.

    Attributes:
        frame: the cues as generated; with a teacher, gaze and pose are the true ones.
        pitch, yaw: (B, …, bins) logits, or (B, …, 1) in `GAZE_UNIT` degrees from a regression.
        pose: (B, …, 7) expected. log_sigma: (B, …, 7) of its deviation.
    """

    frame: Frame
    pitch: Tensor
    yaw: Tensor
    pose: Tensor
    log_sigma: Tensor


class Past(NamedTuple):
    """What a frame leaves to the next.

    Attributes:
        frame: (B, …) of the instant before. Nothing of it carries a gradient: long chains of draws make it explode.
        bins: (B, …, 2, bins) how much of its gaze is in each bin; 0 where there is no instant before.
        velocity: (B, …, 7) of its pose.
        sums: (B, …, 9) of gaze and pose over all instants before, the older the less.
        weight: (B, …, 1) of those instants; 0 where there is none.
        known: (B, …, 1) 1, or 0 where there is no instant before.
    """

    frame: Frame
    bins: Tensor
    velocity: Tensor
    sums: Tensor
    weight: Tensor
    known: Tensor

    @property
    def usual(self) -> Tensor:
        """(B, …, 9) the mean of gaze and pose of late."""
        return self.sums / self.weight.clamp(min=1)


class State(NamedTuple):
    """What a piece of a clip leaves to the next.

    Attributes:
        memories: of each recurrent part.
        past: the last frame.
        home: (B, 7) the pose that was expected before anything was drawn: what suits the emotion.
        age: frames since the beginning.
    """

    memories: tuple[Memory, ...]
    past: Past
    home: Tensor
    age: int


class Draw(NamedTuple):
    """How gaze and pose are taken.

    Attributes:
        gaze, pose: drawn, else expected.
        temperature: of what is drawn.
        generator: of the draws.
        pull: share, each frame, of the way home by which a head is drawn back that has strayed of late.
        after: frames for which it may go where it likes: for so long clips of training tell what heads do.
    """

    gaze: bool = True
    pose: bool = True
    temperature: float = 1.0
    generator: torch.Generator | None = None
    pull: float = 0.0
    after: int = 0


class CueNetwork(nn.Module):
    """See the module. Buffers hold the units, those of the clips of training."""

    mean_face: Tensor  # (68, 3) template units: takes the reference's place where the network gets none
    shape_unit: Tensor  # () template units
    pose_mean: Tensor  # (7,) degrees; reference's eye distances; log
    pose_std: Tensor
    pose_move: Tensor  # (7,) deviation of a frame's difference from the last, standardised
    edges: Tensor  # (bins,) lower edges, degrees
    centers: Tensor

    def __init__(self, config: NetworkConfig, steps: int, size: int) -> None:
        """`steps` and `size`: of the front end's windows."""
        super().__init__()
        self.config, self.bins = config, GAZE_BINS[config.gaze_bins]
        self.register_buffer("mean_face", torch.zeros(68, 3))
        self.register_buffer("shape_unit", torch.ones(()))
        for name, value in (("pose_mean", 0.0), ("pose_std", 1.0), ("pose_move", 1.0)):
            self.register_buffer(name, torch.full((POSE,), value))
        self.register_buffer("edges", torch.tensor(self.bins.edges[:-1], dtype=torch.float32), persistent=False)
        self.register_buffer("centers", torch.tensor(self.bins.centers, dtype=torch.float32), persistent=False)
        self.fade = float(np.exp(-1 / (FPS * config.memory_s)))
        self._range = float(self.bins.centers[0]), float(self.bins.centers[-1])
        self.parts = (_CUES,) if config.decoders == "shared" else tuple((cue,) for cue in _CUES)
        self.audio = AudioEncoder(steps, size, config.audio)
        self.emotion = EmotionEmbedding(config.emotion) if config.emotion else None
        self.reference = mlp(SHAPE, config.reference, config.reference) if config.reference else None
        context = config.audio + config.emotion + config.reference
        # As many weights whether there is one state or three.
        hidden = round(config.hidden / len(self.parts) ** 0.5)
        sizes = {"shape": SHAPE if config.feed_landmarks else 0, "gaze": 2 * self.bins.count + 2, "pose": 3 * POSE}
        fed = [sum(sizes[cue] for cue in part) for part in self.parts] if config.autoregressive else []
        self.feedback = nn.ModuleList(mlp(1 + size, config.feedback, config.feedback) for size in fed)
        self.recurrent = nn.ModuleList(Recurrent(context + config.feedback, hidden, config.layers) for _ in self.parts)
        self.dropout = nn.Dropout(config.dropout)
        self._make_heads(hidden)

    @property
    def _memory(self) -> list[Recurrent]:
        return [cast(Recurrent, part) for part in self.recurrent]

    def _make_heads(self, hidden: int) -> None:
        config, bins = self.config, self.bins.count
        self.chained = POSE if len(self.parts) == 1 else 0  # numbers of the pose that the gaze's head knows
        seen = self.chained + (2 * bins if config.autoregressive else 0)
        # One more says how likely the eyes stay where they are.
        out = bins + int(config.autoregressive) if config.gaze == "classes" else 1
        self.pose_head = nn.Linear(hidden, 2 * POSE)
        self.pitch_head = mlp(hidden + seen, 128, out)
        self.yaw_head = mlp(hidden + seen + bins, 128, out)
        self.shape_head = mlp(hidden + (self.chained + 2 if self.chained else 0), hidden, SHAPE)

    def learn(self, inputs: Inputs, truth: Frame) -> Heads:
        """Teacher forcing: what the heads say at each instant of (B, T) when all before it was true."""
        context = self._context(inputs)
        past = self._past_of(truth)
        hidden = [
            part(torch.cat([context, *self._fed_back(at, past)], dim=-1))[0] for at, part in enumerate(self._memory)
        ]
        return self._say(hidden, past, Draw(), truth)

    def run(self, inputs: Inputs, state: State | None = None, draw: Draw | None = None) -> tuple[Heads, State]:
        """Free running: every instant goes on from what was taken before. A clip may come in pieces, by the state."""
        context = self._context(inputs)
        state = state or self._begin(context[:, 0])
        said = []
        for t in range(context.shape[1]):
            heads, state = self._step(context[:, t], state, draw or Draw())
            said.append(heads)
        frame = Frame(*(torch.stack(each, 1) for each in zip(*(one.frame for one in said), strict=True)))
        rest = (torch.stack(each, 1) for each in zip(*(one[1:] for one in said), strict=True))
        return Heads(frame, *rest), state

    def _context(self, inputs: Inputs) -> Tensor:
        """(B, T, D): all that is known beforehand."""
        sound = self.audio(inputs.windows)
        still = []
        if self.emotion is not None:
            still.append(self.emotion(inputs.emotion, inputs.level))
        if self.reference is not None:
            still.append(self.reference((inputs.reference - self.mean_face).flatten(1) / self.shape_unit))
        return torch.cat([sound, *(one[:, None].expand(-1, sound.shape[1], -1) for one in still)], dim=-1)

    def _begin(self, like: Tensor) -> State:
        shape, gaze, pose, known = (like.new_zeros(len(like), size) for size in (SHAPE, 2, POSE, 1))
        bins, sums = like.new_zeros(len(like), 2, self.bins.count), like.new_zeros(len(like), 2 + POSE)
        past = Past(Frame(shape, gaze, pose), bins, pose, sums, known, known)
        return State(tuple(part.begin(like) for part in self._memory), past, pose, 0)

    def _step(self, context: Tensor, state: State, draw: Draw) -> tuple[Heads, State]:
        hidden, memories = [], []
        for at, part in enumerate(self._memory):
            x = torch.cat([context, *self._fed_back(at, state.past)], dim=-1)
            h, memory = part.step(x, state.memories[at])
            hidden.append(h)
            memories.append(memory)
        strayed = draw.pull > 0 and state.age > draw.after
        heads = self._say(hidden, state.past, draw, None, home=state.home if strayed else None)
        frame = Frame(*(one.detach() for one in heads.frame))
        velocity = (frame.pose - state.past.frame.pose) * state.past.known
        sums = self.fade * state.past.sums + _drawn(frame)
        weight = self.fade * state.past.weight + 1
        past = Past(frame, self._hat(frame.gaze), velocity, sums, weight, torch.ones_like(weight))
        return heads, State(tuple(memories), past, state.home if state.age else heads.pose.detach(), state.age + 1)

    def _past_of(self, truth: Frame) -> Past:
        """What the teacher leaves to each instant of (B, T, …)."""
        before = Frame(*(_delayed(one) for one in truth))
        known = torch.ones_like(truth.pose[..., :1])
        known[:, 0] = 0
        # The velocity of an instant is known from two before it.
        velocity = (before.pose - _delayed(before.pose)) * _delayed(known)
        ages = torch.arange(truth.pose.shape[1], device=known.device)
        ages = ages[:, None] - ages - 1  # of each instant (column) as seen from each other one (row)
        fading = torch.where(ages >= 0, self.fade ** ages.clamp(min=0), 0.0)
        sums, weight = fading @ _drawn(truth), fading.sum(dim=1, keepdim=True).expand_as(known)
        return Past(before, self._hat(before.gaze) * known[..., None], velocity, sums, weight, known)

    def _fed_back(self, part: int, past: Past) -> tuple[Tensor, ...]:
        """The last frame as a recurrent part hears of it: gaze by bins, the pose with its velocity, and where both
        have been of late, so that a look aside, or a head held low, is kept up."""
        if not self.config.autoregressive:
            return ()
        heard = [past.known]
        if "shape" in self.parts[part] and self.config.feed_landmarks:
            heard.append(past.frame.shape)
        usual = past.usual
        if "gaze" in self.parts[part]:
            heard += [past.bins.flatten(-2), usual[..., :2]]
        if "pose" in self.parts[part]:
            heard += [past.frame.pose, past.velocity / self.pose_move, usual[..., 2:]]
        return (self.feedback[part](torch.cat(heard, dim=-1)),)

    def _hat(self, degrees: Tensor) -> Tensor:
        """(…) degrees to (…, bins): 1 at a bin's centre, falling to 0 at its neighbours'."""
        inside = degrees.clamp(self._range[0], self._range[1])[..., None]
        return torch.relu(1 - (inside - self.centers).abs() / self.bins.width)

    def _say(
        self, hidden: list[Tensor], past: Past, draw: Draw, truth: Frame | None, home: Tensor | None = None
    ) -> Heads:
        """Heads on states (B, …, hidden). With the truth, each cue is said as if those before it were true."""
        for_shape, for_gaze, for_pose = (self.dropout(one) for one in (hidden * len(_CUES))[: len(_CUES)])
        expected, log_sigma = self._expect_pose(for_pose, past)
        if home is not None:
            expected = expected + draw.pull * (home - past.usual[..., 2:])
        pose = truth.pose if truth is not None else self._take_pose(expected, log_sigma, draw)
        # One state: later cues of a frame know the earlier ones. Three: they know nothing of each other.
        known = [for_gaze] + ([pose] if self.chained else [])
        if self.config.autoregressive:
            known.append(past.bins.flatten(-2))
        says_pitch = self._say_gaze(self.pitch_head, known, past, 0)
        pitch = truth.gaze[..., 0] if truth is not None else self._take_gaze(says_pitch, past, draw, 0)
        says_yaw = self._say_gaze(self.yaw_head, [*known, self._hat(pitch)], past, 1)
        yaw = truth.gaze[..., 1] if truth is not None else self._take_gaze(says_yaw, past, draw, 1)
        gaze = torch.stack([pitch, yaw], dim=-1)
        about = [for_shape] + ([pose, gaze / GAZE_UNIT] if self.chained else [])
        shape = self.shape_head(torch.cat(about, dim=-1))
        return Heads(Frame(shape, gaze, pose), says_pitch, says_yaw, expected, log_sigma)

    def _expect_pose(self, hidden: Tensor, past: Past) -> tuple[Tensor, Tensor]:
        """(B, …, 7) expected pose and the logarithm of its deviation."""
        move, log_sigma = self.pose_head(hidden).chunk(2, dim=-1)
        log_sigma = log_sigma.clamp(*_LOG_SIGMA)
        if not self.config.autoregressive:
            return move, log_sigma
        # In units of a usual move, so that what is to be learnt is about 1 there too; at first, of the whole range.
        unit = 1 + past.known * (self.pose_move - 1)
        return past.frame.pose * past.known + unit * move, log_sigma + unit.log()

    def _take_pose(self, expected: Tensor, log_sigma: Tensor, draw: Draw) -> Tensor:
        if self.config.pose == "regression" or not draw.pose:
            return expected
        noise = torch.randn(expected.shape, generator=draw.generator, device=expected.device, dtype=expected.dtype)
        return expected + draw.temperature * log_sigma.exp() * noise

    def _say_gaze(self, head: nn.Module, known: list[Tensor], past: Past, axis: int) -> Tensor:
        said: Tensor = head(torch.cat(known, dim=-1))
        if self.config.gaze == "regression" or not self.config.autoregressive:
            return said
        stay: Tensor = said[..., -1:] * past.bins[..., axis, :]
        return said[..., :-1] + stay

    def _take_gaze(self, said: Tensor, past: Past, draw: Draw, axis: int) -> Tensor:
        """(B,) degrees of one axis."""
        if self.config.gaze == "regression":
            return GAZE_UNIT * said[..., 0]
        probabilities = torch.softmax(said / draw.temperature, dim=-1)
        if draw.gaze and not torch.is_grad_enabled():
            return self._draw_gaze(probabilities, past, draw, axis)
        expected: Tensor = self.bins.decode(probabilities)
        if not draw.gaze:
            return expected
        # Drawn forward, expected backward, so that the classifier's wish reaches the logits.
        return self._draw_gaze(probabilities.detach(), past, draw, axis) + (expected - expected.detach())

    def _draw_gaze(self, probabilities: Tensor, past: Past, draw: Draw, axis: int) -> Tensor:
        """(B,) degrees in a drawn bin: somewhere in it after a saccade, else as near to the last ones as it allows.

        So eyes that stay in their bin keep still, and eyes near its edge, which tremble into the next, come back.
        """
        luck = torch.rand(2, len(probabilities), generator=draw.generator, device=probabilities.device)
        classes = (probabilities.cumsum(-1) < luck[0, :, None]).sum(-1).clamp(max=self.bins.count - 1)
        low, last, width = self.edges[classes], past.frame.gaze[:, axis], self.bins.width
        angle = low + width * luck[1]
        if not self.config.autoregressive:
            return angle
        near = (past.known[:, 0] > 0) & (last >= low - width) & (last < low + 2 * width)
        return torch.where(near, torch.maximum(torch.minimum(last, low + _INSIDE * width), low), angle)


def _drawn(frame: Frame) -> Tensor:
    """(B, …, 9) what is drawn of a frame, in units of about 1."""
    return torch.cat([frame.gaze / GAZE_UNIT, frame.pose], dim=-1)


def _delayed(values: Tensor) -> Tensor:
    """(B, T, …) by one instant; zeros first."""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], dim=1)
