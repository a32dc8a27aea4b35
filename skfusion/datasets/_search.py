"""Search a folder for infrared-visible pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from pathlib import PurePosixPath

from .._urls import walk
from ..images.files import READABLE_SUFFIXES
from ._match import Doubt, match, plausible, share_a_name
from ._names import (
    describes_images,
    dji_flight,
    folded,
    folder_role,
    folder_words,
    in_split,
    name_role,
    natural_key,
    without_channel,
    without_padding,
)

__all__ = ["FoundPairs", "Search"]

# Medical sets name the method of measurement. The colour of PET and SPECT is kept, so
# these stand in the visible column.
_MEDICAL = (("ct", "mri"), ("mri", "pet"), ("mri", "spect"))
_SAY = 3  # names of files shown in a message
# FLIR ADAS v2: which thermal frame belongs to which colour frame of its videos.
_FRAME_LIST = "rgb_to_thermal_vid_map.json"


@dataclass(frozen=True)
class FoundPairs:
    """What :func:`find_pairs` found; all lists hold :class:`pathlib.Path`.

    Attributes
    ----------
    infrared, visible : list of Path, length n
        The pairs.
    names : list of str, length n
        Unique: the stem without a modality mark, or the relative path where stems
        repeat.
    unpaired : list of Path
        Images of one modality without a partner.
    ignored : list of Path
        Everything else: other files, other modalities, second versions.
    """

    infrared: list = field(default_factory=list)
    visible: list = field(default_factory=list)
    names: list = field(default_factory=list)
    unpaired: list = field(default_factory=list)
    ignored: list = field(default_factory=list)

    def __len__(self):
        return len(self.names)


class Search:
    """The pairs and the left-overs while a folder is searched."""

    def __init__(self, root, by_position):
        self.root = root
        self.tops = [root]
        self.by_position = by_position
        self.pairs = []  # (infrared, visible, short name, longer name)
        self.unpaired = []
        self.ignored = []
        self.texts = []
        self.listed = {}  # visible name to infrared name
        self.doubts = []  # (sentence, path)

    def pair_folders(self, infrared, visible):
        """Pair two given folders by relative path."""
        self.tops = [infrared, visible]
        sides = []
        for top in (infrared, visible):
            files = defaultdict(list)
            for path in self._images(top):
                files[path.parent.relative_to(top)].append(path)
            sides.append(files)
        for below in sorted({*sides[0], *sides[1]}, key=natural_key):
            self._match(sides[0][below], sides[1][below], below.as_posix())

    def pair_tree(self):
        """Pair sister folders, then marked names inside single folders."""
        groups, plain = defaultdict(lambda: defaultdict(list)), defaultdict(list)
        shown = {}
        for path in self._images(self.root):
            parts = path.parent.relative_to(self.root).parts
            place = _place(parts)
            if place is None:
                plain[parts].append(path)
            else:
                key, modality, rank, source = place
                key = shown.setdefault(folded(key), key)
                groups[key][modality, rank, source].append(path)
        for key in sorted(groups, key=natural_key):
            self._pair_sisters(groups[key], key)
        medical = self._take_medical(plain)
        for parts, files in sorted(plain.items(), key=lambda item: str(item[0])):
            if parts not in medical:
                self._pair_marked(files, parts)
        if not self.pairs:
            for parts, files in plain.items():
                self._pair_ab(files, parts)

    def pair_channels(self):
        """Take every image as both of a pair."""
        for path in self._images(self.root):
            below = path.parent.relative_to(self.root)
            self._add(path, path, path.stem, below.as_posix())

    def keep_split(self, split):
        """Keep the pairs of one part of the data set."""
        wanted = str(split).lower()
        listed = set()
        for path in self.texts:
            if wanted in {word.lower() for word in folder_words(path.stem)}:
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
                listed |= {_stem(line.strip()) for line in lines if line.strip()}

        def inside(pair):
            sides = [self._below(path) for path in pair[:2]]
            return any(in_split(part, wanted) for side in sides for part in side)

        kept = [pair for pair in self.pairs if inside(pair)]
        if not kept:
            kept = [p for p in self.pairs if {p[0].stem, p[1].stem} & listed]
        used = {path for pair in kept for path in pair[:2]}
        self.ignored += {path for p in self.pairs for path in p[:2]} - used
        self.pairs = kept
        within = [p for p in self.unpaired if inside((p, p))]
        self.ignored += set(self.unpaired) - set(within)
        self.unpaired = within
        self.doubts = [d for d in self.doubts if inside((d[1], d[1]))]

    def result(self):
        pairs = sorted(self.pairs, key=lambda pair: natural_key(pair[3]))
        short = [pair[2] for pair in pairs]
        repeated = len(set(map(folded, short))) < len(short)
        return FoundPairs(
            [pair[0] for pair in pairs],
            [pair[1] for pair in pairs],
            _unique([pair[3] for pair in pairs] if repeated else short),
            sorted(self.unpaired, key=natural_key),
            sorted(self.ignored, key=natural_key),
        )

    def nothing_found(self, split):
        seen = self.unpaired + self.ignored
        part = f" with split={split!r}" if split is not None else ""
        what = f"{len(seen)} files, such as {some(seen)}" if seen else "no file"
        return (
            f"no infrared-visible pair in {str(self.root)!r}{part}: looked for sister "
            "folders such as ir/ and vis/ with equal file names, and for marked names "
            f"such as a_IR.png and a_VIS.png, and saw {what}; name the two folders "
            "with infrared= and visible=, or pass by_position=True where their order "
            "alone pairs them, or channels='rgbt' where each file holds both."
        )

    def _below(self, path):
        """Return the folders between the searched folder and a file."""
        top = next(top for top in self.tops if path.is_relative_to(top))
        return path.parent.relative_to(top).parts

    def _images(self, top):
        """Yield the images below ``top``; put every other file among the ignored."""
        for here, folders, files in walk(top):
            folders[:] = sorted(
                (name for name in folders if not name.startswith(".")), key=natural_key
            )
            below = here.relative_to(top).parts
            skipped = any(map(describes_images, below))
            for name in sorted(files, key=natural_key):
                path = here / name
                readable = path.suffix.lower() in READABLE_SUFFIXES
                if readable and not skipped and not name.startswith("."):
                    yield path
                    continue
                self.ignored.append(path)
                # A pipe of that name would keep its reader waiting.
                if path.suffix.lower() == ".txt" and path.is_file():
                    self.texts.append(path)
                if name == _FRAME_LIST and path.is_file():
                    self.listed |= _frame_list(path)

    def _pair_sisters(self, group, key):
        """Pair the best-named infrared folder with the best-named visible one."""
        sides = {"infrared": [], "visible": []}
        for (modality, rank, source), files in group.items():
            sides[modality].append((rank, source, files))
        choices = sorted(
            (ir[0] + vis[0], ir[1], vis[1])
            for ir, vis in product(sides["infrared"], sides["visible"])
            if self.by_position or share_a_name(ir[2], vis[2], self.listed)
        )
        if not choices:
            for files in group.values():
                self.unpaired += files
            return
        best = [choice for choice in choices if choice[0] == choices[0][0]]
        if len(best) > 1:
            files = sides["visible"][0][2]
            self._doubt(
                f"there are {len(sides['infrared'])} folders of infrared and "
                f"{len(sides['visible'])} of visible images that fit, "
                + " or ".join(f"{ir!r} with {vis!r}" for _, ir, vis in best[:2]),
                files[0],
            )
        used = dict.fromkeys(best[0][1:])
        for (_, _, source), files in group.items():
            if source in used:
                used[source] = files
            else:
                self.ignored += files
        self._match(*used.values(), key)

    def _match(self, infrared, visible, key):
        """Pair two lists of one place by position or by name."""
        infrared = sorted(infrared, key=lambda path: natural_key(path.name))
        visible = sorted(visible, key=lambda path: natural_key(path.name))
        if self.by_position:
            if len(infrared) != len(visible):
                raise ValueError(
                    f"by_position=True needs equally many images: {len(infrared)} "
                    f"infrared and {len(visible)} visible in {key!r} of "
                    f"{str(self.root)!r}."
                )
            for ir, vis in zip(infrared, visible):
                self._add(ir, vis, vis.stem, key)
            return
        try:
            found = match(infrared, visible, self.listed)
        except Doubt as doubt:
            self._doubt(str(doubt), visible[0])
            return
        for ir, vis, name in found:
            self._add(ir, vis, name, key)
        taken = {path for pair in found for path in pair[:2]}
        self.unpaired += [p for p in (*infrared, *visible) if p not in taken]

    def _doubt(self, sentence, path):
        self.doubts.append((sentence, path))

    def check_doubts(self):
        """Refuse what can be read in two ways, and show both."""
        if self.doubts:
            sentence, _ = self.doubts[0]
            raise ValueError(
                f"{str(self.root)!r} can be read in two ways: {sentence}; name the two "
                "folders with infrared= and visible=, or move one of them away."
            )

    def _pair_marked(self, files, parts):
        """Pair the files of one folder by the modality mark in their names."""
        roles = {path: name_role(path.stem) for path in files}
        left = {
            modality: [p for p in files if roles[p] and roles[p].modality == modality]
            for modality in ("infrared", "visible")
        }
        key, taken, start = "/".join(parts), set(), len(self.pairs)

        for reduce in (str, without_channel, _numbers):
            table = defaultdict(lambda: {"infrared": [], "visible": []})
            for modality, paths in left.items():
                for path in paths:
                    if path not in taken:
                        rest = folded(reduce(roles[path].rest))
                        table[rest][modality].append(path)
            for rest, sides in table.items():
                if sides["infrared"] and sides["visible"] and (rest or parts):
                    best = self._best(sides, roles)
                    if best is not None:
                        taken |= {*sides["infrared"], *sides["visible"]}
                        name = roles[best[1]].rest if reduce is _numbers else None
                        self._add(*best, name or reduce(roles[best[1]].rest), key)
        if not taken:
            taken = self._pair_half_marked(files, roles, left, key)
        if not taken and parts:
            taken = self._pair_scene(files, roles, left, key)
        used = {path for pair in self.pairs[start:] for path in pair[:2]}
        for path in files:
            if path in taken and path not in used:
                self.ignored.append(path)
            elif path not in taken:
                (self.unpaired if roles[path] else self.ignored).append(path)

    def _best(self, sides, roles):
        """Return the files of one scene that are its pair, of several versions."""
        best = []
        for paths in sides.values():
            ranks = {p: (roles[p].composite, roles[p].rank) for p in paths}
            first = [p for p in paths if ranks[p] == min(ranks.values())]
            if len({p.stem for p in first}) > 1:
                self._doubt(
                    f"{str(first[0])!r} and {str(first[1])!r} have the same claim to "
                    "be an image of one scene",
                    first[0],
                )
            best.append(first)
        same = [(ir, vis) for ir, vis in product(*best) if ir.suffix == vis.suffix]
        ir, vis = (same or [(best[0][0], best[1][0])])[0]
        return (ir, vis) if plausible(ir.stem, vis.stem) else None

    def _pair_half_marked(self, files, roles, left, key):
        """Pair X.jpg with X_visible.jpg (FLIR), X_rgb with X_nir (EPFL)."""
        marked = [modality for modality, paths in left.items() if paths]
        if len(marked) != 1:
            return set()
        plain = {folded(p.stem): p for p in files if roles[p] is None}
        taken = set()
        for path in left[marked[0]]:
            rest = folded(roles[path].rest)
            near = plain.get(f"{rest}_nir") if marked[0] == "visible" else None
            partner = near or plain.get(rest)
            if partner is not None and partner not in taken:
                taken |= {path, partner}
                pair = (path, partner) if marked[0] == "infrared" else (partner, path)
                self._add(*pair, roles[path].rest, key)
        return taken

    def _pair_scene(self, files, roles, left, key):
        """Pair a folder that holds one scene, as TNO's do; return the files used."""
        infrared, visible = (
            [p for p in left[m] if not roles[p].composite] or left[m]
            for m in ("infrared", "visible")
        )
        if len(infrared) == 1 and (not visible or roles[visible[0]].composite):
            # bunker/: IR_bunker_g with bunker_r, beside the composite VIS_bunker-rg.
            red = [p for p in files if not roles[p] and p.stem.lower().endswith("_r")]
            visible = red if len(red) == 1 else visible
        if not infrared and not visible and "apc_2" in key.lower().split("/"):
            # APC_2/: 1_fk_ge_03_005 is the visible image and 2_fk_ge_03_005 infrared.
            visible = [p for p in files if p.name.startswith("1_")]
            infrared = [p for p in files if p.name.startswith("2_")]
        if len(infrared) != 1 or len(visible) != 1:
            return set()
        self._add(infrared[0], visible[0], "", key)
        return {infrared[0], visible[0], *left["infrared"], *left["visible"]}

    def _pair_ab(self, files, parts):
        """Pair name-A with name-B, as two-focus sets do: A as infrared."""
        table = defaultdict(dict)
        for path in files:
            for end in "ab":
                if path.stem.lower().endswith((f"-{end}", f"_{end}")):
                    table[path.stem[:-2]][end] = path
        used = set()
        for rest, sides in table.items():
            if len(sides) == 2:
                self._add(sides["a"], sides["b"], rest, "/".join(parts))
                used |= set(sides.values())
        self.ignored = [path for path in self.ignored if path not in used]

    def _take_medical(self, plain):
        """Pair sister folders named by the measurement; return the folders used."""
        used = set()
        table = {tuple(part.lower() for part in parts): parts for parts in plain}
        for parts in list(table):
            for ir, vis in _MEDICAL:
                other = (*parts[:-1], vis)
                if parts and parts[-1] == ir and other in table:
                    ours, theirs = table[parts], table[other]
                    if {ours, theirs} & used:
                        continue
                    used |= {ours, theirs}
                    self._match(plain[ours], plain[theirs], "/".join(ours[:-1]))
        return used

    def _add(self, infrared, visible, short, key):
        parts = (part.rstrip("*").rstrip("_-. ") for part in key.split("/"))
        place = PurePosixPath(*filter(None, parts))
        if not short:
            short = place.name or self.root.resolve().name
            longer = place.as_posix() if place.name else short
        else:
            longer = (place / short).as_posix()
        self.pairs.append((infrared, visible, short, longer))


def _place(parts):
    """Return key, modality, rank and source folder of a path, or None.

    In the key the component that names the modality is a star, so that both
    ``train/ir`` and ``train/vi`` become ``train/*``, and ``infrared/train`` and
    ``visible/train`` ``*/train``.
    """
    roles = [folder_role(part) for part in parts]
    named = [role for role in roles if role]
    if not named:
        return None
    modality = named[-1].modality
    key = [
        f"{role.rest}*" if role and role.modality == modality else part
        for part, role in zip(parts, roles)
    ]
    rank = sum(role.rank for role in named if role.modality == modality)
    return "/".join(key), modality, rank, "/".join(parts)


def _numbers(rest):
    return without_padding(dji_flight(rest))


def _frame_list(path):
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(listed, dict):
        return {}
    return {vis: ir for vis, ir in listed.items() if isinstance(ir, str)}


def _stem(line):
    name = line.replace("\\", "/").rsplit("/", 1)[-1]
    suffix = PurePosixPath(name).suffix
    return name[: -len(suffix)] if suffix.lower() in READABLE_SUFFIXES else name


def _unique(names):
    """Number the names that repeat, e.g. of a.png and a.bmp in one folder."""
    taken, unique = set(), []
    for name in names:
        candidate, number = name, 1
        while folded(candidate) in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(folded(candidate))
        unique.append(candidate)
    return unique


def some(paths):
    shown = ", ".join(repr(str(path)) for path in sorted(paths, key=natural_key)[:_SAY])
    return shown + (", ..." if len(paths) > _SAY else "")
