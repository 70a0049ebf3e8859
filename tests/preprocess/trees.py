"""Dataset folders of one-byte files."""

from collections.abc import Iterable
from pathlib import Path

from facecues.labels import EMOTIONS, levels_of, nominal_clips


def plant(root: Path, *paths: str, content: bytes = b"x") -> Path:
    """Writes files below `root`, which is returned."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def mead_paths(actors: Iterable[str], views: Iterable[str] = ("front",)) -> list[str]:
    """Every video and audio file that MEAD nominally has for these actors and views."""
    places = [
        (f"{emotion}/level_{level}", number)
        for emotion in EMOTIONS
        for level in levels_of(emotion)
        for number in range(1, nominal_clips(emotion) + 1)
    ]
    folders = [(f"{actor}/video/{view}", "mp4") for actor in actors for view in views]
    folders += [(f"{actor}/audio", "m4a") for actor in actors]
    return [f"{folder}/{place}/{number:03d}.{suffix}" for folder, suffix in folders for place, number in places]
