from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facecues.metrics.contracts import MetricInfo
from facecues.reports.config import FigureStyle
from facecues.reports.figures.confusion import NO_FACE, count_confusions, draw
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.results import Measured
from tests.reports.fakes import NoEvidence, fake_results


def emotions(*rows):
    frame = pd.DataFrame(rows, columns=["method", "intended", "seen"])
    return frame.assign(clip_id=[str(k) for k in range(len(frame))], classifier="emotion-fer")


def results_with(table, signature="emotion-accuracy|net:emotion-fer[w:1]|without:contempt|v:1"):
    results = fake_results()
    accuracy = Measured(MetricInfo("EmoAcc-fer", "accuracy", "higher", ""), signature, of_sets=False)
    return replace(results, metrics={**results.metrics, "EmoAcc-fer": accuracy}, emotions=table)


def test_counts_are_those_of_the_table():
    rows = emotions(("m", "sad", "sad"), ("m", "sad", "happy"), ("m", "happy", None))

    counts = count_confusions(rows, ("happy", "sad"), ("happy", "sad", NO_FACE))

    np.testing.assert_array_equal(counts, [[0, 0, 1], [1, 1, 0]])


def test_a_video_without_a_face_counts_as_wrong():
    (drawing,) = draw(
        results_with(emotions(("reference", "sad", "sad"), ("reference", "happy", None))), NoEvidence(), FigureStyle()
    )

    assert "50.0 %, n = 2" in drawing.figure.axes[0].get_title()


def test_a_class_that_the_classifier_lacks_is_left_out_and_named():
    table = emotions(("reference", "contempt", "sad"), ("reference", "sad", "sad"))

    (drawing,) = draw(results_with(table), NoEvidence(), FigureStyle())

    assert "no class for contempt" in drawing.caption
    assert "n = 1" in drawing.figure.axes[0].get_title()


def test_without_labels_the_lack_is_said():
    with pytest.raises(NotDrawn, match="intended emotion"):
        draw(results_with(emotions(("reference", None, "sad"))), NoEvidence(), FigureStyle())


def test_a_video_without_a_face_is_not_counted_where_the_protocol_excludes_it():
    table = emotions(("reference", "sad", "sad"), ("reference", "happy", None))
    signature = "emotion-accuracy|net:emotion-fer[w:1]|miss:exclude|v:1"

    (drawing,) = draw(results_with(table, signature), NoEvidence(), FigureStyle())

    assert "100.0 %, n = 1" in drawing.figure.axes[0].get_title()
