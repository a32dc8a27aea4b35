"""Which parameters of an estimator the app draws, from what its class declares."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, Options, StrOptions

__all__ = ["Field", "descriptions", "fields"]

# What decides where and how loudly, and colour, which is chosen for a whole pipeline.
_ELSEWHERE = {"color", "device", "precision", "random_state", "verbose", "weights"}
# They say what a network is, or what was learned, as `_metadata` says of most.
_OF_WEIGHTS = {"n_atoms", "n_filters", "filter_size", "patch_size", "tone_curve"}
_OF_TRAINING = re.compile(r"\btrain|\bepoch|\bcrops?\b|\bbatch|\bAdam|\bfit\b")
_NAMES_OF_TRAINING = re.compile(
    r".*_weights?|autoencoder_share|blur|critic_\w+|decay|distance|error_target"
    r"|mixed_precision|crops_per_pair|noise|optimizer|share_scale"
)


@dataclass(frozen=True)
class Field:
    """A parameter as a form shows it: words, a number, or a choice between both.

    Attributes
    ----------
    name : str
    default : None, bool, int, float or str
        The value that the method has.
    words : tuple
        Values without a range: strings, ``None``, ``True`` and ``False``.
    number : {"", "int", "float"}
        Whether there may be a number, and of which kind.
    low, high : float or None
        Its limits, both allowed; ``None`` where there is none.
    help : str
        What the docstring of the class says.
    """

    name: str
    default: object
    words: tuple = ()
    number: str = ""
    low: float | None = None
    high: float | None = None
    help: str = ""

    @property
    def step(self):
        """How far one press of a key moves the number: a power of ten below it."""
        if self.number == "int":
            return 1
        size = self.default if _is_number(self.default) and self.default else 1
        return float(f"1e{int(f'{abs(size):e}'.split('e')[1]) - 1}")


def fields(estimator) -> list[Field]:
    """Return the parameters of an estimator that a form can show.

    Parameters
    ----------
    estimator : estimator of this library
        Its ``_parameter_constraints`` say what each may be, its values are the
        defaults, its docstring explains them.

    Returns
    -------
    list of Field
        In the order of the constructor. Left out are those that only training uses,
        that say what a network is (its weights have one form), and arrays, lists and
        objects.

    Examples
    --------
    >>> from skfusion.app.parameters import fields
    >>> from skfusion.fusers import AverageFuser
    >>> [(f.name, f.number, f.low, f.high) for f in fields(AverageFuser())]
    [('visible_weight', 'float', 0, 1)]
    """
    texts = descriptions(type(estimator))
    learns = hasattr(estimator, "weights")
    fixed = _ELSEWHERE | (_form_of_weights(estimator) if learns else set())
    found = []
    for name in inspect.signature(type(estimator)).parameters:
        text = texts.get(name, "")
        if name in fixed or (learns and _is_of_training(name, text)):
            continue
        constraints = estimator._parameter_constraints.get(name, [])
        field = _field(name, getattr(estimator, name), constraints, text)
        if field is not None:
            found.append(field)
    return found


def _is_of_training(name, text):
    if not text or _NAMES_OF_TRAINING.fullmatch(name):
        return True
    return _OF_TRAINING.search(text) is not None


def _form_of_weights(estimator):
    """Return the parameters that its weights have one value of."""
    values = estimator._metadata() if hasattr(estimator, "_metadata") else {}
    same = {k for k, v in values.items() if getattr(estimator, k, ...) is v}
    return same | _OF_WEIGHTS


def descriptions(cls) -> dict[str, str]:
    """Return what the docstring of a class says about each of its parameters.

    Parameters
    ----------
    cls : type
        With a numpydoc docstring.

    Returns
    -------
    dict of str to str
        One line a parameter, without the marks of reStructuredText.
    """
    text = inspect.getdoc(cls) or ""
    section = re.search(r"Parameters\n-+\n(.*?)(?=\n\n\w[\w ]*\n---|\Z)", text, re.S)
    found = {}
    if section is None:
        return found
    for entry in re.split(r"\n(?=\S)", section[1]):
        head, _, body = entry.partition("\n")
        body = re.sub(r":\w+:`~?([^`]*)`|`+([^`]*)`+", r"\1\2", " ".join(body.split()))
        for name in head.partition(" :")[0].split(","):
            found[name.strip()] = body
    return found


def _field(name, default, constraints, text):
    words, interval = [], None
    for constraint in constraints:
        if constraint is None or constraint == "boolean":
            words += [None] if constraint is None else [False, True]
        elif isinstance(constraint, Interval):
            interval = constraint
        elif isinstance(constraint, (StrOptions, Options)):
            words += sorted(constraint.options, key=str)
    if interval is None:
        if len(words) < 2 or default not in words:
            return None  # one word is no choice
        return Field(name, default, tuple(words), help=text)
    if default not in words and not _is_number(default):
        return None
    whole = issubclass(Integral, interval.type) or interval.type is Integral
    kind = "int" if whole and not issubclass(Real, interval.type) else "float"
    low, high = _limits(interval, kind)
    return Field(name, default, tuple(words), kind, low, high, text)


def _limits(interval, kind):
    """Return the least and the largest number, inside of an open end."""
    inside = 1 if kind == "int" else 1e-9
    low, high = interval.left, interval.right
    if low is not None and interval.closed in ("right", "neither"):
        low += inside
    if high is not None and interval.closed in ("left", "neither"):
        high -= inside
    return low, high


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)
