"""The 68 iBUG points, 0-based, by name. Left and right are the subject's (right = image left)."""

JAW = tuple(range(17))
RIGHT_BROW = tuple(range(17, 22))
LEFT_BROW = tuple(range(22, 27))
NOSE_BRIDGE = tuple(range(27, 31))
NOSE_BASE = tuple(range(31, 36))
RIGHT_EYE = tuple(range(36, 42))  # outer corner, two upper, inner corner, two lower
LEFT_EYE = tuple(range(42, 48))  # inner corner, two upper, outer corner, two lower
OUTER_LIPS = tuple(range(48, 60))
INNER_LIPS = tuple(range(60, 68))

# As drawn: each line, and whether its last point joins its first.
LINES = (
    *((line, False) for line in (JAW, RIGHT_BROW, LEFT_BROW, NOSE_BRIDGE, NOSE_BASE)),
    *((line, True) for line in (RIGHT_EYE, LEFT_EYE, OUTER_LIPS, INNER_LIPS)),
)

RIGHT_OUTER_CORNER, RIGHT_INNER_CORNER = 36, 39
LEFT_INNER_CORNER, LEFT_OUTER_CORNER = 42, 45
UPPER_INNER_LIP, LOWER_INNER_LIP = 62, 66

# Points that neither speech nor expression moves much: the head pose is fitted to these alone.
STABLE = (*NOSE_BRIDGE, *NOSE_BASE, 36, 39, 42, 45)

# Where each point goes in a mirrored picture: mirrored[i] = points[MIRROR[i]] with x negated.
MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *NOSE_BRIDGE,
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
