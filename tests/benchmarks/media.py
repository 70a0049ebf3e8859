"""Bigger inputs for benchmarks, made from real clips without re-encoding."""

import shutil
from pathlib import Path

import av


def repeated(clips: list[Path], folder: Path, times: int) -> Path:
    """A folder with every clip `times` over, as hard links where the file system lets us."""
    folder.mkdir(parents=True)
    for index, clip in enumerate(clips * times):
        link = folder / f"{index:04d}{clip.suffix}"
        try:
            link.hardlink_to(clip)  # the index refuses symbolic links that leave the root
        except OSError:
            shutil.copy(clip, link)
    return folder


def looped(clip: Path, target: Path, seconds: float) -> Path:
    """The clip's packets over and over until the file lasts `seconds`; time stamps go on."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(clip)) as source, av.open(str(target), "w") as output:
        video = source.streams.video[0]
        stream = output.add_stream_from_template(video)
        packets = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in source.demux(video) if p.size and p.pts is not None]
        assert video.time_base is not None and video.average_rate is not None
        step = round(1 / video.average_rate / video.time_base)
        length = step * len(packets)
        for turn in range(max(1, round(seconds / float(length * video.time_base)))):
            for content, pts, dts, key in packets:
                packet = av.Packet(content)
                packet.stream, packet.time_base, packet.is_keyframe = stream, video.time_base, key
                packet.pts, packet.dts = pts + turn * length, dts + turn * length
                output.mux(packet)
    return target
