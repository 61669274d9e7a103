"""The page of pictures: what it lists and shows.

Here: grouping pictures by signal. Not here: drawing (`maps`), which pictures there are (`pictures.py`).
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from assets.adoption.signals import load_signals
from assets.publish.pictures import CURVE, SIGNALS, each_period_path, map_path
from maps.geometry.views import VIEWS

SHOWN: Final = {
    SIGNALS.as_posix(): (
        "All signals with a share beside each other",
        "A small world map for each signal with a share in any economy; the interactive map lists every value.",
    ),
    CURVE.as_posix(): (
        "Every way of counting the hubs",
        "Specification curve of the Chinese share; table specifications of the open data has every value.",
    ),
}
"""Pictures that the page shows, with heading and alternative text."""


def pictures_context(pictures: Mapping[str, str]) -> dict[str, Any]:
    """Return what the template needs: pictures by signal, and those that are shown.

    Args:
        pictures: SVG by path below the build folder.
    """
    groups = []
    for name, signal in load_signals().items():
        paths = {map_path(name, ranked=True): "World with ranks", map_path(name): "World"}
        paths |= {map_path(name, view.name): _upper(view.label) for view in VIEWS.values() if not view.is_world}
        paths[each_period_path(name)] = "Each period"
        members = [
            {"path": path.as_posix(), "label": label} for path, label in paths.items() if path.as_posix() in pictures
        ]
        if members:
            groups.append({"label": signal.label, "members": members})
    figures = [
        {"path": path, "label": label, "alt": alt, "image": base64.b64encode(pictures[path].encode()).decode()}
        for path, (label, alt) in SHOWN.items()
        if path in pictures
    ]
    return {"groups": groups, "figures": figures}


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
