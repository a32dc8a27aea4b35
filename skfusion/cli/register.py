"""``skfusion register``: the images of pairs brought onto each other, and how well."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import sys
from pathlib import Path

from .._text import as_csv, as_text, say
from ._options import (
    RIG_PAIRS,
    add_command,
    add_folders,
    add_n_jobs,
    add_stretch,
    find,
    fitted_register,
    stretched,
)

_SHEET = 12  # pairs on the overview, the worst first
_TILE = 240  # rows of one of its pictures


def add(commands):
    """Declare the command and its options."""
    register = add_command(
        commands, "register", run, "bring the images of pairs onto each other"
    )
    register.add_argument("pairs", help="folder of pairs, or of infrared images")
    register.add_argument("visible", nargs="?", help="folder of visible images")
    register.add_argument("-o", "--output", required=True, help="folder")
    register.add_argument(
        "--model",
        choices=("translation", "similarity", "affine", "homography"),
        default="affine",
        help="family of the transforms",
    )
    register.add_argument(
        "--rig",
        action="store_true",
        help="one transform for all pairs, of two cameras on one rig",
    )
    register.add_argument(
        "--from",
        dest="file",
        metavar="FILE",
        help="transforms of an earlier run, or a calibration; nothing is estimated",
    )
    register.add_argument(
        "--moving",
        choices=("infrared", "visible"),
        default="infrared",
        help="the image that is warped",
    )
    register.add_argument(
        "--methods", default="ecc,ngf,mi", help="of ecc, ngf and mi, commas between"
    )
    register.add_argument(
        "--on-failure",
        choices=("raise", "warn", "rig"),
        default="raise",
        help="a pair that fails is not written (default), is written as it was, or "
        "by the transform of all pairs",
    )
    register.add_argument("--quality-threshold", type=float, default=0.27, metavar="Q")
    register.add_argument("--crop", choices=("valid",), help="cut to what both show")
    register.add_argument("--force", action="store_true", help="replace images")
    register.add_argument("--quiet", action="store_true")
    add_folders(register)
    add_stretch(register)
    add_n_jobs(register)


def run(args):
    """Do the work and return the exit code."""
    from ..fused_files import check_not_input, output_paths
    from ..images.notices import Notices

    out = Path(args.output)
    pairs = find(args, args.pairs, args.visible)
    targets = {
        role: output_paths(pairs, out / role) for role in ("infrared", "visible")
    }
    written = [path for paths in targets.values() for path in paths]
    sources = (path for i in range(len(pairs)) for path in pairs.paths(i))
    check_not_input(written, sources, "the result")
    if not args.force and any(path.exists() for path in written):
        raise ValueError(f"--output {args.output!r} holds images: --force replaces.")
    pairs = stretched(args, pairs)
    register = _step(args, pairs)
    with Notices():
        rows = list(_rows(register, pairs, targets, args))
    _write_tables(args, register, rows, out)
    failed = [row for row in rows if row["error"]]
    for row in failed:
        say(f"{row['name']}: {row['error']}", file=sys.stderr)
    if not args.quiet:
        say(f"{len(rows) - len(failed)} written, {len(failed)} failed: {out}")
    return 1 if failed else 0


def _step(args, pairs):
    """Return the step, fitted where it has to be."""
    from ..transforms import Register

    params = {
        "moving": args.moving,
        "crop": args.crop,
        "on_failure": args.on_failure,
        "quality_threshold": args.quality_threshold,
    }
    if args.file is not None:
        if args.rig:
            raise ValueError("--rig and --from: a file holds its transforms; give one.")
        return Register.from_file(args.file, **params)
    register = Register(
        model=args.model,
        scope="rig" if args.rig else "pair",
        methods=tuple(args.methods.split(",")),
        **params,
    )
    register._validate_params()
    if args.on_failure == "rig" and not args.rig:
        import numpy as np

        some = np.linspace(0, len(pairs) - 1, RIG_PAIRS).round().astype(int)
        return register.fit(pairs[np.unique(some)])
    return fitted_register(register, pairs)


def _rows(register, pairs, targets, args):
    """Yield what became of each pair; workers write the images."""
    from joblib import delayed

    from ..images.notices import notify
    from ..workers import stream

    tasks = (
        delayed(_register_one)(
            register, pairs[i : i + 1], *(targets[role][i] for role in targets)
        )
        for i in range(len(pairs))
    )
    for row, notices in stream(tasks, args.n_jobs):
        for kind, name, what in notices:
            notify(kind, name, what)
        yield row


def _register_one(register, pair, infrared, visible):
    from .._text import sentence
    from ..images.files import write_image
    from ..images.notices import Notices

    row = {"name": str(pair.names[0]), "error": "", "tiles": [], "matrix": None}
    row |= {"quality": float("nan"), "failed": True}
    with Notices(quiet=True) as notices:
        try:
            row |= _quality(register, pair)
            images = register.transform(pair)
            row["matrix"] = register.matrices_[0]
            for path, image, cell in zip((infrared, visible), images[0], pair[0]):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_image(path, image, bit_depth=_depth(cell))
            row["tiles"] = _tiles(pair, images)
        except Exception as error:  # whatever it is, it costs this pair alone
            row["error"] = sentence(error)
    return row, notices.found


def _quality(register, pair):
    """Return what the edges say of the transform of a pair."""
    from sklearn.base import clone

    look = clone(register).set_params(on_failure="identity").fit(pair)
    return {
        "quality": float(look.quality_[0]),
        "failed": bool(look.failed_[0]),
        "matrix": look.matrices_[0],
    }


def _depth(cell):
    """Return the bits of a written image: as many as its source has."""
    from ..images.cells import load
    from ..images.objects import as_array

    return 8 if as_array(load(cell)).dtype.name in ("uint8", "bool") else 16


def _tiles(pair, images):
    """Return small pictures of a pair before and after."""
    from ..images import as_float, luma
    from ..images.resizing import resize
    from ..inspection import checkerboard, edge_overlay

    before = luma(pair[0][0]), as_float(pair[0][1])
    tiles = []
    for ir, vis in (before, images.read(0)):
        size = [max(1, round(side * _TILE / vis.shape[0])) for side in vis.shape[:2]]
        small = resize(ir, *size), resize(vis, *size)
        tiles += [checkerboard(*small), edge_overlay(*small)]
    return [tiles[0], tiles[2], tiles[1], tiles[3]]


def _write_tables(args, register, rows, out):
    import pandas as pd

    from .._atomic_files import replace_file
    from ..images.files import write_image
    from ..inspection.contact_sheet import contact_sheet
    from ..registration.files import write_transforms

    out.mkdir(parents=True, exist_ok=True)
    known = [row for row in rows if row["matrix"] is not None]
    columns = ("matrix", "quality", "failed")
    if register.calibration is None:
        write_transforms(
            out / "transforms.json",
            model=register.model,
            moving=register.moving,
            rig=register.matrix if not isinstance(register.matrix, dict) else None,
            names=[row["name"] for row in known],
            **dict(
                zip(
                    ("matrices", "quality", "failed"),
                    ([row[key] for row in known] for key in columns),
                )
            ),
        )
    table = pd.DataFrame(
        {
            "quality": [row["quality"] for row in rows],
            "failed": [row["failed"] for row in rows],
        },
        index=pd.Index([row["name"] for row in rows], name="name"),
    )
    replace_file(out / "quality.csv", as_csv(table))
    if not args.quiet:
        say(as_text(table))
    shown = sorted((row for row in rows if row["tiles"]), key=_by_quality)[:_SHEET]
    if shown:
        texts = ("before", "after", "edges before", "edges after: white is both")
        captions = [
            [f"{row['name']}: {texts[0]}", f"after, quality {row['quality']:.2f}"]
            + list(texts[2:])
            for row in shown
        ]
        sheet = contact_sheet([row["tiles"] for row in shown], captions)
        write_image(out / "overview.png", sheet)


def _by_quality(row):
    return row["quality"]
