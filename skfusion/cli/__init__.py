"""The command line: ``skfusion demo | fuse | register | evaluate | search | ...``."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import warnings

from .._text import say
from .._version import described
from ._advice import in_options

__all__ = ["main"]

# One module a command: `add` declares its options, `run` does the work.
_COMMANDS = (
    "demo",
    "app",
    "fuse",
    "fuse_video",
    "register",
    "evaluate",
    "downstream",
    "search",
    "bench",
    "make_patches",
    "convert_weights",
    "export_onnx",
    "info",
)

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
        with _somewhere_to_write(), _any_name_can_be_printed():
            code = _run(args)
            sys.stdout.flush()
            return code
    except OSError:  # whoever listened is gone: nothing can be said any more
        _forget_output()
        return 2


def _run(args):
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            # NumPy's words for an overflow: the error says what came of it.
            warnings.filterwarnings("ignore", ".* encountered in ", RuntimeWarning)
            return args.run(args)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        say(f"skfusion {args.command}: interrupted", file=sys.stderr)
        return 130
    except Exception as error:  # a sentence, whatever it is
        message = in_options(_sentence(error))
        say(f"skfusion {args.command}: {message}", file=sys.stderr)
        return 2


def _sentence(error):
    if isinstance(error, (ValueError, OSError, ImportError)) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _parser():
    parser = argparse.ArgumentParser(
        prog="skfusion", description="Infrared-visible image fusion."
    )
    parser.add_argument("--version", action=_Version, help="version and commit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in _COMMANDS:
        importlib.import_module(f".{name}", __name__).add(commands)
    return parser


class _Version(argparse.Action):
    """Look the commit up only if it is asked for."""

    def __init__(self, option_strings, dest, help=None):
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        print(described())
        parser.exit()


def _show_warning(message, category, filename, lineno, file=None, line=None):
    message = in_options(" ".join(str(message).split()))
    say(f"warning: {message}", file=sys.stderr)


@contextlib.contextmanager
def _somewhere_to_write():
    """Stand in for streams that were closed before the start (``2>&-``)."""
    closed = [name for name in ("stdout", "stderr") if getattr(sys, name) is None]
    with contextlib.ExitStack() as stack:
        for name in closed:
            nowhere = stack.enter_context(open(os.devnull, "w"))
            setattr(sys, name, nowhere)
            stack.callback(setattr, sys, name, None)
        yield


def _forget_output():
    """Let the interpreter end without a word about a pipe that nobody reads."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextlib.contextmanager
def _any_name_can_be_printed():
    """Print escapes for the letters that a stream does not have, rather than fail."""
    streams = [s for s in (sys.stdout, sys.stderr) if hasattr(s, "reconfigure")]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in zip(streams, before):
            stream.reconfigure(errors=errors)
