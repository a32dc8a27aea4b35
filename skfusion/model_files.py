"""Write a pipeline as JSON (and its trained weights as safetensors), read it back."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import importlib
import inspect
import json
import os
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ._atomic_files import replace_file
from ._version import __version__
from .base import current_names

__all__ = ["ModelFileError", "load_pipeline", "save_pipeline"]

_FORMAT = "skfusion-pipeline"
# Only these modules are looked into: a model file names classes, it runs no code.
_MODULES = ("skfusion.transforms", "skfusion.fusers", "skfusion.compose")
_MAX_BYTES = 2**24
# Of values inside of values, in what others wrote. Python 3.12 stops no more by itself:
# copies of estimators inside of estimators took seconds a file.
MAX_DEPTH = 40


class ModelFileError(ValueError):
    """A model file that is missing, damaged or names something unknown."""


def save_pipeline(estimator, path) -> None:
    """Write an estimator or pipeline of skfusion as JSON.

    Parameters
    ----------
    estimator : estimator
        Of this library, or a scikit-learn ``Pipeline`` of such. Weights that were
        trained in ``fit`` are written beside the JSON as safetensors.
    path : path
        A file ending in ``.json``, replaced if it exists.

    Raises
    ------
    ValueError
        If a step or a parameter cannot be written as data, or steps lie inside of steps
        so deep that the file would not be read.

    Examples
    --------
    >>> import os, tempfile
    >>> from skfusion.model_files import load_pipeline, save_pipeline
    >>> from skfusion.fusers import AverageFuser
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.json")
    ...     save_pipeline(AverageFuser(0.25), path)
    ...     load_pipeline(path)
    AverageFuser(visible_weight=0.25)
    """
    path = Path(path)
    if path.suffix != ".json":
        raise ValueError(f"path={str(path)!r}: a model file ends in '.json'.")
    weights = []
    content = {
        "format": _FORMAT,
        "skfusion": __version__,
        "estimator": _encode(estimator, path, weights),
    }
    if not _is_shallow(content):
        raise ValueError(
            f"estimators inside of estimators, over {MAX_DEPTH} values deep."
        )
    text = json.dumps(content, indent=2) + "\n"
    for fitted, file in weights:
        fitted.save_weights(path.parent / file)
    replace_file(path, text.encode())


def load_pipeline(path):
    """Read an estimator that :func:`save_pipeline` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    estimator
        Ready for ``transform``.

    Raises
    ------
    ModelFileError
        If the file is missing, is no model file, or names an unknown class or
        parameter, or holds values inside of values, more than 40 of them.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelFileError(f"model {str(path)!r}: there is no such file.")
    if path.stat().st_size > _MAX_BYTES:
        raise ModelFileError(f"model {str(path)!r} is too large for a model file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"model {str(path)!r} is no JSON ({error}).") from None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ModelFileError(
            f"model {str(path)!r} is no skfusion model file: `skfusion search` and "
            "skfusion.model_files.save_pipeline write them."
        )
    if not _is_shallow(content):
        raise ModelFileError(f"model {str(path)!r} is over {MAX_DEPTH} values deep.")
    try:
        return decode(content["estimator"], base=path.parent)
    except ModelFileError as error:
        raise ModelFileError(f"model {str(path)!r}: {error}") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"model {str(path)!r} is damaged ({error!r}).") from None


def _is_shallow(value):
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for each in level for item in items_of(each)]
        if not level:
            return True
    return False


def items_of(value):
    """Return the values inside of a value of a JSON or YAML file."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def decode(value, base=None):
    """Build what :func:`save_pipeline` encoded: estimators, steps, plain values.

    Parameters
    ----------
    value : JSON value
        ``{"class": "HDRC", "params": {...}}`` becomes an estimator.
    base : path, optional
        Folder that relative weight paths start from.

    Returns
    -------
    object
    """
    if isinstance(value, dict):
        if set(value) == {"tuple"} and isinstance(value["tuple"], list):
            return tuple(decode(item, base) for item in value["tuple"])
        if "class" not in value:
            return {key: decode(item, base) for key, item in value.items()}
        return _estimator(value, base)
    if isinstance(value, list):
        return [decode(item, base) for item in value]
    return value


def _estimator(value, base):
    name, params = value["class"], value.get("params", {})
    if not isinstance(params, dict):
        raise ModelFileError(f"params of {name!r}: expected a mapping by name.")
    params = {key: decode(item, base) for key, item in params.items()}
    weights = params.get("weights")
    if isinstance(weights, str) and weights.endswith(".safetensors") and base:
        params["weights"] = str(Path(base) / weights)
    if name == "Pipeline":
        return Pipeline(_steps(params))
    cls = _class_by_name(name)
    params = current_names(cls, params)
    unknown = sorted(set(map(str, params)) - set(inspect.signature(cls).parameters))
    if unknown:
        raise ModelFileError(f"{name} has no parameter {unknown[0]!r}.")
    try:
        return cls(**params)
    except TypeError as error:  # as a rule one that is missing
        raise ModelFileError(f"{name}: {error}.") from None


def _steps(params):
    steps = params.get("steps")
    if isinstance(steps, (list, tuple)) and steps and set(params) == {"steps"}:
        steps = [tuple(s) if isinstance(s, (list, tuple)) else () for s in steps]
        if all(len(s) == 2 and isinstance(s[0], str) for s in steps):
            return steps
    raise ModelFileError("Pipeline: expected {steps: [[NAME, ESTIMATOR], ...]}.")


def _class_by_name(name):
    for module in _MODULES:
        module = importlib.import_module(module)
        if name in module.__all__:
            cls = getattr(module, name)
            if isinstance(cls, type) and issubclass(cls, BaseEstimator):
                return cls
    raise ModelFileError(
        f"class {name!r} is unknown: it must be Pipeline or a class of "
        f"{', '.join(_MODULES)}."
    )


def _encode(value, path, weights):
    if isinstance(value, BaseEstimator):
        value = _best_fitted(value)
        params = value.get_params(deep=False)
        if isinstance(value, Pipeline):
            params = {"steps": params["steps"]}
            return {"class": "Pipeline", "params": _encode(params, path, weights)}
        name = type(value).__name__
        try:
            known = _class_by_name(name) is type(value)
        except ModelFileError:
            known = False
        if not known:
            raise ValueError(
                f"{name} cannot be written to a model file: use estimators of "
                "skfusion, or joblib.dump for your own classes."
            )
        params = _encode(params, path, weights)
        if hasattr(value, "save_weights") and params.get("weights", "") is None:
            _check_form(value)
            file = f"{path.stem}.{len(weights)}.safetensors"
            weights.append((value, file))
            params["weights"] = file
        return {"class": name, "params": params}
    if isinstance(value, dict):
        return {str(key): _encode(item, path, weights) for key, item in value.items()}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, path, weights) for item in value]}
    if isinstance(value, list):
        return [_encode(item, path, weights) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(
        f"a parameter of type {type(value).__name__} cannot be written to a model "
        "file: use numbers, strings, lists or estimators of skfusion."
    )


def _check_form(estimator):
    """Refuse parameters that the learned weights were not made with."""
    learned, asked = estimator._form_in_use(), estimator._metadata()
    for name, value in learned.items():
        if asked[name] != value:
            raise ValueError(
                f"{type(estimator).__name__} was fitted with {name}={value!r}, and "
                f"{name} is {asked[name]!r} now: set it back, or fit again."
            )


def _best_fitted(estimator):
    """Return meta-estimators with their fitted parts in place of the templates."""
    fitted = {
        key: getattr(estimator, f"{key}_")
        for key, part in estimator.get_params(deep=False).items()
        if isinstance(part, BaseEstimator) and hasattr(estimator, f"{key}_")
    }
    if not fitted:
        return estimator
    return type(estimator)(**{**estimator.get_params(deep=False), **fitted})
