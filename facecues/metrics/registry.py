"""What a table says about each metric, by the name that it prints."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from facecues.metrics.blinks import BLINK_RATE
from facecues.metrics.cohesion import RELATIONS
from facecues.metrics.contracts import MetricInfo
from facecues.metrics.cue_sets import GAZE_EMOTION_P
from facecues.metrics.emotion import EMOTION_ACCURACY, EMOTION_ACCURACY_RATIO, EMOTION_MACRO_F1
from facecues.metrics.frechet import FD_ALEXNET, FID
from facecues.metrics.gaze import GAZE_JS, GAZE_METRICS, GAZE_TV, GAZE_W1
from facecues.metrics.identity import ID_DLIB, ID_DLIB_DISTANCE
from facecues.metrics.kid import KID
from facecues.metrics.landmarks import F_LD, F_LVD, M_LD, M_LVD
from facecues.metrics.lip_sync import LSE_C, LSE_C_GAP, LSE_D, LSE_D_GAP, LSE_OFFSET
from facecues.metrics.mouth import MOUTH_CORRELATION, MOUTH_ERROR
from facecues.metrics.mouth_audio import AM_BEST, AM_CORR, AM_GAP, AM_LAG
from facecues.metrics.pictures import LPIPS, LPIPS_VGG
from facecues.metrics.pose import POSE_JS, POSE_JS_MEAN, POSE_METRICS, POSE_SPEED_GAP, POSE_V_W1
from facecues.metrics.psnr import PSNR
from facecues.metrics.ssim import SSIM

_ALL: Final = (
    *(M_LD, F_LD, M_LVD, F_LVD),
    *(MOUTH_ERROR, MOUTH_CORRELATION),
    *(SSIM, PSNR, LPIPS, LPIPS_VGG),
    *(FID, KID, FD_ALEXNET),
    *(LSE_D, LSE_C, LSE_OFFSET, LSE_D_GAP, LSE_C_GAP),
    *(AM_CORR, AM_BEST, AM_LAG, AM_GAP),
    *(EMOTION_ACCURACY, EMOTION_MACRO_F1, EMOTION_ACCURACY_RATIO),
    *(*GAZE_METRICS, GAZE_JS, GAZE_TV, *GAZE_W1, GAZE_EMOTION_P),
    *(*POSE_METRICS, POSE_SPEED_GAP, POSE_JS_MEAN, *POSE_JS, POSE_V_W1),
    BLINK_RATE,
    *(info for one in RELATIONS for info in (one.info, one.gap)),
    *(ID_DLIB, ID_DLIB_DISTANCE),
)

METRICS: Final[Mapping[str, MetricInfo]] = MappingProxyType({info.name: info for info in _ALL})
"""All metrics by name, in the order of tables. A run's columns may add to a name what they were made with: the
classifier (EmoAcc-fer) or the eye (Gaze-L-JS); units are those of the default protocol."""
