"""`python stand_in.py OUTPUT PORTRAIT AUDIO VIDEO MODE`: somebody's method, which does what MODE says."""

import os
import shutil
import subprocess
import sys
import time
import wave
from pathlib import Path

RATE, SAMPLES = 25, 640  # of pictures a second; of sound a picture


def main(output: Path, portrait: Path, audio: Path, video: Path, mode: str) -> None:
    say(f"mode {mode}, GPU {os.environ.get('CUDA_VISIBLE_DEVICES')}, here {os.getcwd()}")
    if mode == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        say(f"pids {os.getpid()} {child.pid}")
        time.sleep(600)
    if mode == "fail":
        say("out of memory, or the like")
        sys.exit(3)
    if mode == "kill":
        os.kill(os.getpid(), 9)
    if mode == "flood":
        for _ in range(64):
            os.write(1, b"many words\n" * 100_000)
    if mode == "broken":
        output.write_bytes(b"no video at all" * 1000)
    elif mode == "draw":
        draw(output, portrait, audio)
    elif mode != "nothing":
        shutil.copyfile(video, output)  # the fastest method there is
    if mode == "cut":
        content = output.read_bytes()
        output.write_bytes(content[: len(content) // 2])
    say(f"done with {mode}")


def draw(output: Path, portrait: Path, audio: Path) -> None:
    """The portrait for as long as the sound is, with a bar that grows."""
    import numpy as np

    from facecues.models.media import read_picture, write_video

    with wave.open(str(audio)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    picture = read_picture(portrait)
    frames = max(1, len(sound) // SAMPLES)

    def frame(at: int) -> np.ndarray:
        drawn = picture.copy()
        drawn[-8:, : round((at + 1) / frames * drawn.shape[1])] = 255
        return drawn

    write_video(output, map(frame, range(frames)), fps=RATE, audio=sound)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]), sys.argv[5])
