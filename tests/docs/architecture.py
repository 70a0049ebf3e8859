"""Draws the package's rooms and what they import, as docs/architecture.svg shows them.

python -m tests.docs.architecture docs/architecture.svg
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

PACKAGE = Path(__file__).parents[2] / "facecues"
ORDER = ("preprocess", "models", "metrics", "reports", "pipelines", "demo", "cli")
"""The rooms, in the order in which data flows: each imports from those before it, and from the package's root."""
ROOT = "facecues"
_SAYS = {
    "preprocess": "one clip to its cues",
    "models": "speech to cues, cues to video",
    "metrics": "cues and pictures to scores",
    "reports": "scores to tables and pages",
    "pipelines": "all of it over many clips",
    "demo": "the whole story",
    "cli": "parses, calls, prints",
    ROOT: "foundations: schema and reading of the store, points, labels, splits, weights, errors, settings, plugins",
}
_WIDTH, _LINE, _GAP, _TOP = 168, 17, 34, 120
_INK, _PAPER, _FILL, _ARROW = "#1f2933", "#ffffff", "#eef3f8", "#7b8794"


def rooms_of() -> dict[str, list[str]]:
    """The folders inside each room."""
    inside = {room: sorted(one.parent.name for one in (PACKAGE / room).glob("*/__init__.py")) for room in ORDER}
    return {room: [f"{name}/" for name in names] for room, names in inside.items()}


def imports() -> dict[str, set[str]]:
    """From each room to those whose modules it imports, the root called facecues."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        room = _room(path.relative_to(PACKAGE).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _modules(node):
                parts = name.split(".")
                if parts[0] == ROOT:
                    found[room].add(_room(tuple(parts[1:])))
    return {room: others - {room} for room, others in found.items()}


def _room(parts: tuple[str, ...]) -> str:
    return parts[0] if parts and parts[0] in ORDER else ROOT


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        # `from facecues import reports` names a room, too.
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names if node.module == ROOT)]
    return []


def drawn() -> str:
    """The picture."""
    inside, tied = rooms_of(), imports()
    tallest = max(map(len, inside.values()))
    height = 62 + tallest * _LINE
    floor = _TOP + height + 40
    width = len(ORDER) * (_WIDTH + _GAP) + _GAP
    left = {room: _GAP + at * (_WIDTH + _GAP) for at, room in enumerate(ORDER)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {floor + 80}" font-family="sans-serif" '
        f'font-size="13" fill="{_INK}">',
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>',
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{_ARROW}"/></marker></defs>',
    ]
    for room in ORDER:
        for other in sorted(tied.get(room, set()) - {ROOT}, key=ORDER.index):
            begin, end = left[room] + _WIDTH / 2 - 12, left[other] + _WIDTH / 2 + 12
            rise = 22 + 14 * abs(ORDER.index(room) - ORDER.index(other))
            parts.append(
                f'<path d="M{begin} {_TOP}C{begin} {_TOP - rise} {end} {_TOP - rise} {end} {_TOP - 2}" fill="none" '
                f'stroke="{_ARROW}" marker-end="url(#tip)"/>'
            )
        if ROOT in tied.get(room, set()):
            middle = left[room] + _WIDTH / 2
            parts.append(f'<path d="M{middle} {_TOP + height}V{floor - 2}" stroke="{_ARROW}" marker-end="url(#tip)"/>')
    for room in ORDER:
        parts += _box((left[room], _TOP), (_WIDTH, height), f"{room}/", [_SAYS[room], "", *inside[room]])
    parts += _box((_GAP, floor), (width - 2 * _GAP, 56), f"{ROOT}/", [_SAYS[ROOT]])
    parts.append(
        f'<text x="{_GAP}" y="26" font-size="15">An arrow goes from a room to one whose modules it imports.</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _box(place: tuple[float, float], size: tuple[float, float], title: str, lines: list[str]) -> list[str]:
    (x, y), (width, height) = place, size
    box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{_FILL}" stroke="{_ARROW}"/>'
    head = f'<text x="{x + 10}" y="{y + 20}" font-weight="bold">{escape(title)}</text>'
    rest = [
        f'<text x="{x + 10}" y="{y + 20 + _LINE * at}" font-size="11">{escape(line)}</text>'
        for at, line in enumerate(lines, 1)
        if line
    ]
    return [box, head, *rest]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(drawn(), encoding="utf-8")
