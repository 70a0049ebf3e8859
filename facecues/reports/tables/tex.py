"""Texts for LaTeX: escaped, breakable, and as wide as Computer Modern sets them."""

import re
import unicodedata
from typing import Final

from pylatexenc.latexencode import UnicodeToLatexEncoder

# Blocks of which pdflatex has every glyph with T1, textcomp and amssymb. pylatexenc knows commands for more, such as
# Cyrillic, which need encodings that few documents load.
_HAS_GLYPHS: Final = (
    (0x20, 0x7E),
    (0xA0, 0x148),  # Latin-1 and Latin Extended-A
    (0x14A, 0x17F),
    (0x218, 0x21B),
    (0x391, 0x3C9),  # Greek
    (0x1E00, 0x1EFF),
    (0x2010, 0x2044),  # dashes, quotes, daggers
    (0x2070, 0x209C),  # superscripts and subscripts
    (0x20AC, 0x20AC),
    (0x2122, 0x2122),
    (0x2190, 0x2199),  # arrows
    (0x2200, 0x221E),  # minus and other operators
    (0x2248, 0x2248),
    (0x2260, 0x2265),
)
# What T1 would take for a ligature, and what OT1 has not.
_ALONE: Final = {
    "-": "{-}",
    "\u2011": "{-}",
    ",": "{,}",
    "'": "{\\textquotesingle}",
    "`": "{\\textasciigrave}",
    "|": "{\\textbar}",
    "\xa0": "~",
}
_BREAKS: Final = re.compile(r"[^\w\s]|\w{12}")
_EM: Final = {".,:;'`|!ijl[]": 0.31, " \xa0Ifrt()": 0.42, "mwM%@−–←→↑↓": 1.0, "W": 1.1}
_WIDENING: Final = {5: 1.28, 6: 1.16, 7: 1.08, 8: 1.0}
"""Small sizes of Computer Modern are wider for their height."""


def tex(text: str) -> str:
    """A text that LaTeX sets as it is. A character without a glyph shows its code: [U+738B]."""
    return "".join(_ALONE.get(character) or _ENCODER.unicode_to_latex(character) for character in _shown(text))


def breakable(text: str) -> str:
    """As `tex`; lines may break inside words of more than twelve letters too, best after punctuation."""
    return " ".join("\\allowbreak ".join(map(tex, _pieces(word))) for word in _shown(text).split(" "))


def width(text: str, size: int, *, bold: bool = False) -> float:
    """Points that a text takes at a size of 5 to 8 points, rather too much than too little."""
    return sum(map(_em, _shown(text))) * size * _WIDENING[size] * (1.15 if bold else 1.0)


def lines(text: str, size: int, room: float) -> int:
    """Lines that `breakable` takes in a box that is `room` points wide, rather too many than too few."""
    count, used = 1, 0.0
    for word in _shown(text).split(" "):
        for index, piece in enumerate(_pieces(word)):
            space = width("n", size) / 2 if used and index == 0 else 0.0
            needed = width(piece, size)
            if used and used + space + needed > room:
                count, used, space = count + 1, 0.0, 0.0
            used += space + needed
    return count


def _shown(text: str) -> str:
    composed = unicodedata.normalize("NFC", re.sub(r"[^\S\xa0]+", " ", text).strip())
    return "".join(each if _has_glyph(each) else f"[U+{ord(each):04X}]" for each in composed)


def _has_glyph(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _HAS_GLYPHS)


def _pieces(word: str) -> list[str]:
    if len(word) <= 12:
        return [word]
    ends = [match.end() for match in _BREAKS.finditer(word)]
    return [word[a:b] for a, b in zip([0, *ends], [*ends, len(word)], strict=True) if a < b]


def _em(character: str) -> float:
    for characters, ems in _EM.items():
        if character in characters:
            return ems
    return 0.8 if character.isupper() or not (character.isalnum() or character in "-_*") else 0.56


# Characters inside the blocks above for which pylatexenc knows no command still show their code.
_ENCODER: Final = UnicodeToLatexEncoder(
    unknown_char_policy=lambda character: f"[U+{ord(character):04X}]", unknown_char_warning=False
)
