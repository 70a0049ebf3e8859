import io

from rich.console import Console

from facecues.pipelines.events import Event
from facecues.pipelines.progress import ProgressDisplay


def event(ended, seconds):
    return Event(total=100, settled=10, ended=ended, failed=1, frames=50 * ended, seconds=seconds)


def shown(events, *, terminal, every_s=0.0):
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=100)
    with ProgressDisplay(console, every_s) as display:
        for each in events:
            display(each)
    return text.getvalue()


def test_pace_and_time_left_are_of_this_run():
    assert event(30, 15.0).frames_per_s == 100.0
    assert event(30, 15.0).left_s == 30.0
    assert event(0, 0.0).left_s is None
    assert event(0, 0.0).frames_per_s == 0.0


def test_a_log_has_a_line_now_and_then_and_one_at_the_end():
    lines = shown([event(10, 5.0), event(30, 15.0), event(90, 45.0)], terminal=False, every_s=3600).splitlines()
    assert lines == ["100/100 clips  100 frames/s  1 failed"]
    lines = shown([event(30, 15.0)], terminal=False).splitlines()
    assert lines[0] == "40/100 clips  100 frames/s  1 failed  0:00:30 left"


def test_a_terminal_has_a_bar():
    text = shown([event(30, 15.0)], terminal=True)
    assert "40/100" in text
    assert "100 frames/s" in text
    assert "1 failed" in text
    assert "0:00:30 left" in text


def test_without_events_nothing_is_said():
    assert shown([], terminal=False) == ""
