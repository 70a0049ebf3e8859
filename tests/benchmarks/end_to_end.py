"""Speech, an emotion and a portrait through both stages to videos, and back: do mouths move with the sound?

    python -m tests.benchmarks.end_to_end RUN OUT STORE=DATA[:ACTORS]@MAPPER … [--docs docs]

RUN is a run of `train cues`. Each STORE is a cue store of real or synthetic clips, DATA its dataset, and MAPPER the run
of `train keypoints` that renders them besides `warp`; the first one gives the strips of docs/end_to_end.jpg, and has to
be synthetic. Clips are generated anew with each renderer, the videos are extracted as anybody's, and the mouth seen in
them is held against the sound in them.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from facecues.config import Limits
from facecues.cues import load_clips
from facecues.metrics.mouth import mouth_opening
from facecues.metrics.mouth_audio import mouth_audio_correlation, speech_envelope
from facecues.preprocess.decode import Decoder
from facecues.preprocess.sound import read_sound
from facecues.sequences import read_sequences
from tests.benchmarks.stage1_controls import table
from tests.benchmarks.stage1_results import facecues, write_section

LAGS = (-5, -3, -2, -1, 0, 1, 2, 3, 5)
INSTANTS, SIDE = 8, 160
_BEGIN, _END = "<!-- end to end: begin -->", "<!-- end to end: end -->"


def main() -> None:
    """Generates, extracts, and tells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--docs", type=Path)
    told = parser.parse_args()
    rows = []
    for at, source in enumerate(told.sources):
        store, rest = source.split("=", 1)
        data, mapper = rest.split("@", 1)
        data, _, actors = data.partition(":")
        renderers = {"warp": "warp", "face-vid2vid": mapper}
        folder = told.out / Path(data).name
        for name, renderer in renderers.items():
            some = ["--actors", actors] if actors else []
            asked = ["--data", data, "--renderer", renderer, "--fail-above", "1", *some]
            facecues(["generate", told.run, store, "--out", made := folder / name, *asked])
            facecues(["extract", made, folder / f"{name}-seen", "--fail-above", "1"])
            correlations = in_step(folder / f"{name}-seen", made)
            best = LAGS[int(np.argmax(correlations.mean(axis=0)))]
            numbers = tuple(f"{value:.2f}" for value in correlations.mean(axis=0))
            rows.append((f"{Path(data).name}, {name}, {len(correlations)} clips", *numbers, str(best)))
        if at == 0 and told.docs is not None:
            draw_strips(Path(data), folder, list(renderers), told.docs / "end_to_end.jpg")
    heads = ("", *(f"{lag:+d}" for lag in LAGS), "best")
    text = table("Correlation of mouth and sound, by how many frames the sound is taken later", heads, rows)
    Console().print(text, markup=False, soft_wrap=True)
    if told.docs is not None:
        write_section(told.docs / "results.md", [text], _BEGIN, _END)


def in_step(store: Path, videos: Path) -> NDArray[np.float64]:
    """(clips, LAGS) correlations of the mouth that is seen in each video with the sound that is heard in it."""
    sequences = read_sequences(store, load_clips(store, status=("ok", "partial")))
    found = []
    for clip in range(len(sequences)):
        opening = mouth_opening(sequences[clip].normalized)
        sound = read_sound(videos / sequences.clips["video"].iloc[clip])
        if sound is None:
            continue
        envelope = speech_envelope(sound, len(opening))
        found.append([_at(opening, envelope, lag) for lag in LAGS])
    return np.array(found)


def _at(mouth: NDArray[np.float32], envelope: NDArray[np.float64], lag: int) -> float:
    late = np.full(len(envelope), np.nan)
    source = envelope[max(lag, 0) : len(envelope) + min(lag, 0)]
    late[max(-lag, 0) : max(-lag, 0) + len(source)] = source
    return mouth_audio_correlation(mouth, late, 0).correlation or 0.0


def draw_strips(data: Path, folder: Path, names: list[str], target: Path) -> None:
    """Rows of the same instants: the corpus, then each renderer; two clips."""
    videos = sorted(path.relative_to(folder / names[0]) for path in (folder / names[0]).rglob("*.mp4"))
    chosen = [videos[0], videos[-1]]
    rows = [
        row(root / video, label)
        for video in chosen
        for label, root in (("corpus", data), *((name, folder / name) for name in names))
    ]
    cv2.imwrite(str(target), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])


def row(video: Path, label: str) -> NDArray[np.uint8]:
    """(SIDE, INSTANTS * SIDE, 3) frames spread over a video, and what they are."""
    with Decoder(video, Limits()) as decoder:
        frames = [frame.rgb() for frame in decoder]
    instants = np.linspace(4, len(frames) - 5, INSTANTS).astype(int)
    pictures = [cv2.resize(frames[at], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for at in instants]
    strip = np.ascontiguousarray(np.hstack(pictures), np.uint8)
    cv2.rectangle(strip, (0, 0), (14 + 9 * len(label), 20), (24, 24, 24), cv2.FILLED)
    cv2.putText(strip, label, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return strip


if __name__ == "__main__":
    main()
