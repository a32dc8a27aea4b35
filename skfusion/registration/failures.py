"""What is raised, or said, where images cannot be brought onto each other."""

# SPDX-License-Identifier: BSD-3-Clause
from ..images import ImageWarning

__all__ = ["RegistrationError", "RegistrationWarning"]


class RegistrationError(ValueError):
    """The images of a pair could not be brought onto each other."""


class RegistrationWarning(ImageWarning):
    """Pairs could not be registered and are left as they were."""
