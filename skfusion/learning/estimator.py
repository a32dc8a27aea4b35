"""The protocol of ``weights="pretrained" | path | None``, for whatever is learned."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os

from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import StrOptions

from .weights import WeightsError, is_shipped, pretrained_names, write_weights

__all__ = ["WithWeights"]


class WithWeights:
    """Mixin of the estimators with learned weights.

    ``weights`` is ``"pretrained"``, the path of a safetensors file, or ``None`` to
    learn in ``fit``, which sets the attribute named ``_learned``. What is given as a
    file is read once a process, on first use, so that it survives ``clone``.

    A subclass implements ``_pretrained()`` (the name of the shipped file that its
    parameters ask for), ``_tensors()`` (what :meth:`save_weights` writes) and
    ``_metadata()`` (what tells its files from those of another form).
    """

    _weights_constraints: dict = {
        "weights": [StrOptions({"pretrained"}), str, os.PathLike, None]
    }
    _learned = "network_"
    _learns_from = "training pairs"

    def save_weights(self, path):
        """Write the weights in use as safetensors, for ``weights=path``.

        Parameters
        ----------
        path : path
            A file ending in ``.safetensors``, written atomically; the class, the
            version and the form go into its metadata. Of learned weights it is the
            form in which ``fit`` found the parameters.
        """
        write_weights(path, self._tensors(), self._form_in_use())

    def _tensors(self):
        raise NotImplementedError

    def _metadata(self):
        return {"class": type(self).__name__}

    def _remember_form(self):
        """Keep the form of what is being learned: parameters may be set after it."""
        self._learned_form = self._metadata()

    def _form_in_use(self):
        """Return the metadata of the weights in use."""
        if not self._uses_learned():
            return self._metadata()
        return getattr(self, "_learned_form", self._metadata())

    def _uses_learned(self):
        """Tell whether what ``fit`` learned is in use, and not a file."""
        return self._learns()

    def _pretrained(self):
        raise NotImplementedError

    def _learns(self):
        """Tell whether ``fit`` learns, and not only reads."""
        return self.weights is None

    def _source(self):
        """Return the path of the weights, or the name of the shipped ones."""
        if self.weights != "pretrained":
            return self.weights
        name = self._pretrained()
        if not is_shipped(name):
            raise WeightsError(
                f"weights='pretrained': {name!r} is not among the shipped "
                f"{pretrained_names()}; use the default sizes, or weights=None and fit."
            )
        return name

    def _is_learned(self):
        return hasattr(self, self._learned)

    def _check_fitted(self):
        if self._learns() and not self._is_learned():
            raise NotFittedError(
                f"This {type(self).__name__} has weights=None and is not fitted: call "
                f"fit with {self._learns_from}, or use weights='pretrained'."
            )

    def _require_data(self, X):
        if X is None:
            raise ValueError(
                f"X=None with weights=None: give {self._learns_from}, or "
                "weights='pretrained'"
            )

    def __sklearn_is_fitted__(self):
        return not self._learns() or self._is_learned()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._learns()
        return tags
