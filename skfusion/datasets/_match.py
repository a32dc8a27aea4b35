"""Which files of two folders belong together, by their names."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
from collections import defaultdict

from ._names import dji_flight, dji_seconds, folded, name_role, without_padding

__all__ = ["Doubt", "match", "plausible", "share_a_name"]

_DJI_APART = 10  # seconds between the shutters of one release


class Doubt(ValueError):
    """Names that can be read in two ways: nothing is paired on a guess."""


def exact(path):
    return path.stem


def loose(path):
    return folded(path.stem)


def unpadded(path):
    return without_padding(folded(path.stem))


def unmarked(path):
    return folded(_rest(path))


def unmarked_number(path):
    return without_padding(folded(dji_flight(_rest(path))))


def numbered(path):
    """DroneRGBT calls the infrared image of 12.jpg 12R.jpg."""
    return re.sub(r"^(\d+)r$", r"\1", folded(path.stem))


# A set marks its names or it does not: only_ir is no partner of only_vis where the
# other images have equal names.
_STAGES = (exact, loose, unpadded)
_MARKED = (unmarked, unmarked_number, numbered)


def match(infrared, visible, listed=None):
    """Pair two sorted lists of files by stem, or by stem without its mark.

    Parameters
    ----------
    infrared, visible : list of Path
    listed : dict of str to str, optional
        Names of visible files to those of their infrared partners, which go first.

    Returns
    -------
    list of (Path, Path, str)
        Infrared and visible file, and the name of the pair.

    Raises
    ------
    Doubt
        If files of different stems have the same claim to a partner.
    """
    found, taken = [], set()
    by_name = {path.name: path for path in infrared}
    for vis in visible:
        ir = by_name.get((listed or {}).get(vis.name))
        if ir is not None and ir not in taken:
            taken |= {ir, vis}
            found.append((ir, vis, vis.stem))
    for stages in (_STAGES, _MARKED):
        if stages is _MARKED and taken:
            break
        for stage in stages:
            for ir, vis in _stage(stage, infrared, visible, taken):
                taken |= {ir, vis}
                found.append((ir, vis, _rest(vis) if stages is _MARKED else vis.stem))
    return found


def _stage(stage, infrared, visible, taken):
    sides = []
    for paths in (infrared, visible):
        side = defaultdict(list)
        for path in paths:
            if path not in taken:
                side[stage(path)].append(path)
        sides.append(side)
    for key, seen in sides[1].items():
        partners = sides[0].get(key)
        if not partners:
            continue
        if stage not in (exact, loose):
            check_one([partners, seen])
        for vis in seen:
            same = [ir for ir in partners if ir.suffix == vis.suffix]
            if not partners or not plausible(partners[0].stem, vis.stem):
                continue
            ir = (same or partners)[0]
            partners.remove(ir)
            yield ir, vis


def check_one(sides):
    """Refuse sides on which files of different stems have the same name."""
    for paths, other in (sides, sides[::-1]):
        stems = {path.stem: path for path in paths}
        if len(stems) > 1:
            first, second = list(stems.values())[:2]
            raise Doubt(
                f"{str(other[0])!r} can be paired with {str(first)!r} or with "
                f"{str(second)!r}"
            )


def plausible(infrared, visible):
    """Tell whether two stems may be of one scene: DJI writes the time of day."""
    times = dji_seconds(infrared), dji_seconds(visible)
    return None in times or abs(times[0] - times[1]) <= _DJI_APART


def share_a_name(infrared, visible, listed=None):
    """Tell whether two lists of files have a pair between them."""
    names = {path.name for path in infrared}
    if any((listed or {}).get(vis.name) in names for vis in visible):
        return True
    return any(
        {stage(path) for path in infrared} & {stage(path) for path in visible}
        for stage in (*_STAGES, *_MARKED)
    )


def _rest(path):
    role = name_role(path.stem)
    return role.rest if role else path.stem
