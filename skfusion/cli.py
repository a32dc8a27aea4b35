"""The command line: ``skfusion demo | fuse | evaluate | search | info | ...``."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path

from ._version import __version__

__all__ = ["main"]

# Exit codes: 0 all done, 1 some pairs failed (the others are done), 2 nothing was
# done because the request was wrong, 130 interrupted.


def main(argv=None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv : list of str, optional
        The words after ``skfusion``; ``sys.argv[1:]`` by default.

    Returns
    -------
    int
        0: done. 1: done but for the pairs named. 2: the request was wrong, nothing
        was written. 130: interrupted; what is written is complete.
    """
    args = _parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return args.run(args)
    except (ValueError, OSError) as error:
        print(f"skfusion {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"skfusion {args.command}: interrupted", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="skfusion", description="Infrared-visible image fusion."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = _command(commands, "demo", _demo, "fuse drawn pairs, and a folder of yours")
    demo.add_argument("pairs", nargs="?", help="folder of pairs in addition")
    demo.add_argument("-o", "--output", default="demo_output")
    demo.add_argument("--method", action="append", default=[], metavar="NAME")
    _add_n_jobs(demo)

    fuse = _command(commands, "fuse", _fuse, "fuse two images or folders")
    fuse.add_argument("infrared", help="infrared image or folder, or folder of pairs")
    fuse.add_argument("visible", nargs="?", help="visible image or folder")
    fuse.add_argument("-o", "--output", required=True, help="image file or folder")
    which = fuse.add_mutually_exclusive_group()
    which.add_argument("--method", metavar="NAME", help="see `skfusion info`")
    which.add_argument("--model", metavar="FILE", help="best.json of a search")
    fuse.add_argument("--param", action="append", default=[], metavar="NAME=VALUE")
    fuse.add_argument("--bit-depth", type=int, choices=(8, 16), default=8)
    fuse.add_argument(
        "--color", choices=("luma", "gray", "per-channel"), default="luma"
    )
    fuse.add_argument("--suffix", default=".png", help="file format in a folder")
    fuse.add_argument("--force", action="store_true", help="replace existing results")
    fuse.add_argument("--quiet", action="store_true")
    _add_n_jobs(fuse)

    evaluate = _command(commands, "evaluate", _evaluate, "measure fused images")
    evaluate.add_argument("pairs", help="folder of pairs")
    evaluate.add_argument("fused", help="folder of fused images, named like the pairs")
    evaluate.add_argument(
        "--metrics", default="vifb", help="a named set, or names with commas between"
    )
    evaluate.add_argument(
        "-o", "--output", help="a .csv, .md or .json file for the table"
    )
    _add_n_jobs(evaluate)

    search = _command(commands, "search", _search, "search parameters over a folder")
    search.add_argument("pairs", help="folder of pairs")
    search.add_argument("grid", help="YAML or JSON file: pipeline, params, metrics")
    search.add_argument("-o", "--output", default="search_output", help="folder")
    _add_n_jobs(search)

    patches = _command(
        commands, "make-patches", _make_patches, "write a sharp/blurred patch set"
    )
    patches.add_argument("photographs", help="folder of photographs")
    patches.add_argument("-o", "--output", required=True, help="folder")
    patches.add_argument("--n-patches", type=int, default=10_000)
    patches.add_argument("--random-state", type=int, default=0)

    convert = _command(
        commands, "convert-weights", _convert, "make a published checkpoint loadable"
    )
    convert.add_argument("method", help="e.g. auif, didfuse")
    convert.add_argument("source", help="folder with the published checkpoint files")
    convert.add_argument("-o", "--output", required=True, help=".safetensors file")

    _command(commands, "info", _info, "versions, methods, weights, hardware")
    return parser


def _command(commands, name, run, text):
    parser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(run=run)
    return parser


def _add_n_jobs(parser):
    parser.add_argument(
        "--n-jobs", type=int, default=None, help="workers; -1 uses all cores"
    )


def _demo(args):
    from .demo import run_demo

    failed = run_demo(
        args.output, folder=args.pairs, methods=args.method, n_jobs=args.n_jobs
    )
    return 1 if failed else 0


def _fuse(args):
    from .pipelines import DEFAULT_METHOD, get_pipeline, with_color

    params = _parse_params(args.param)
    if args.model is not None:
        from .model_files import load_pipeline

        estimator = load_pipeline(args.model).set_params(**params)
    else:
        estimator = get_pipeline(args.method or DEFAULT_METHOD, **params)
    estimator = with_color(estimator, args.color.replace("-", "_"))
    infrared = Path(args.infrared)
    if infrared.is_dir():
        return _fuse_folders(args, estimator)
    return _fuse_files(args, estimator)


def _fuse_files(args, estimator):
    from .image_files import write_image
    from .pairs import ImagePairs

    if args.visible is None:
        raise ValueError(
            f"{args.infrared!r} is one file: name the visible image too, or a folder "
            "of pairs."
        )
    output = Path(args.output)
    if output.is_dir():
        output = output / (Path(args.visible).stem + args.suffix)
    if output.exists() and not args.force:
        raise ValueError(f"--output {str(output)!r} exists: --force replaces it.")
    pairs = ImagePairs([args.infrared], [args.visible])
    write_image(output, estimator.transform(pairs)[0], bit_depth=args.bit_depth)
    return 0


def _fuse_folders(args, estimator):
    from .batch import fuse_folder
    from .datasets import load_pairs

    if args.visible is None:
        pairs = load_pairs(args.infrared)
    else:
        pairs = load_pairs(infrared=args.infrared, visible=args.visible)
    with warnings.catch_warnings():
        # The report, with every failed pair, is printed below.
        warnings.filterwarnings("ignore", message=r"\d+ written")
        report = fuse_folder(
            estimator,
            pairs,
            args.output,
            n_jobs=args.n_jobs,
            on_error="warn",
            skip_existing=not args.force,
            bit_depth=args.bit_depth,
            suffix=args.suffix,
            verbose=0 if args.quiet else 1,
        )
    print(report, file=sys.stderr if report.failed else sys.stdout)
    if report.with_status("skipped"):
        print("skipped: results that were there already; --force makes them again")
    return 1 if report.failed else 0


def _evaluate(args):
    from .datasets import load_pairs
    from .metrics import evaluate

    metrics = args.metrics.split(",") if "," in args.metrics else args.metrics
    output = None if args.output is None else Path(args.output)
    if output is not None and output.suffix not in (".csv", ".md", ".json"):
        raise ValueError(f"--output {str(output)!r}: use .csv, .md or .json.")
    table = evaluate(
        load_pairs(args.pairs), Path(args.fused), metrics=metrics, n_jobs=args.n_jobs
    )
    table.loc["mean"] = table.mean()
    print(table.round(4).to_string())
    if output is not None:
        write = {".csv": table.to_csv, ".json": _to_json(table), ".md": _to_md(table)}
        write[output.suffix](output)
    return 0


def _to_json(table):
    return lambda path: table.to_json(path, orient="index", indent=2)


def _to_md(table):
    def write(path):
        header = [table.index.name or "pair", *table.columns]
        lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
        for name, row in table.iterrows():
            cells = [str(name), *(f"{value:.4f}" for value in row)]
            lines.append("| " + " | ".join(cells) + " |")
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    return write


def _search(args):
    from .datasets import load_pairs
    from .search import read_space, run_search, write_search

    space = read_space(args.grid)
    table, best = run_search(
        load_pairs(args.pairs), space, n_jobs=args.n_jobs, verbose=1
    )
    print(table.head(10).round(4).to_string())
    paths = write_search(table, best, args.output)
    print("\n".join(f"written: {path}" for path in paths))
    return 0


def _make_patches(args):
    from .datasets import write_sharpness_patches

    folder = Path(args.photographs)
    suffixes = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
    images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in suffixes)
    if not images:
        raise ValueError(f"photographs={str(folder)!r} holds no image.")
    count = write_sharpness_patches(
        images, args.output, args.n_patches, random_state=args.random_state
    )
    print(f"{count} samples written to {args.output}")
    return 0


def _convert(args):
    from .convert_weights import convert_weights

    convert_weights(args.method, args.source, args.output)
    print(f"written: {args.output}")
    return 0


def _info(args):
    import platform
    from importlib.metadata import version

    import joblib
    import torch

    from .pipelines import DEFAULT_METHOD, registry
    from .weights import pretrained_names

    print(f"skfusion {__version__}, Python {platform.python_version()}")
    names = ("numpy", "scipy", "scikit-learn", "numba", "opencv-python", "torch")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"{platform.machine()}, {joblib.cpu_count()} cores, CUDA: ", end="")
    print(torch.cuda.get_device_name() if torch.cuda.is_available() else "none")
    print(f"weights: {', '.join(pretrained_names()) or 'none'}")
    print(f"methods (default {DEFAULT_METHOD}):")
    for entry in registry.values():
        print(f"  {entry.name:20} {entry.title}")
    return 0


def _parse_params(words):
    params = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise ValueError(
                f"--param {word!r}: write NAME=VALUE, e.g. fuse__radius=5."
            )
        params[name] = _parse_value(value)
    return params


def _parse_value(text):
    from .model_files import decode

    spelled = {"None": None, "True": True, "False": False}
    if text in spelled:
        return spelled[text]
    try:
        return decode(json.loads(text))
    except json.JSONDecodeError:
        return text


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)
