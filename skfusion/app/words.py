"""The library's advice in the words of the page."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

__all__ = ["in_words"]

_SPELLED = (
    (
        "e.g. with skfusion.transforms.Resize(to='visible') for the same field of "
        "view, or register them first",
        "choose Size and place at the side, resized for the same field of view, "
        "registered for two",
    ),
    ("skfusion.transforms.Resize(to='visible') before the fuser", "Size and place"),
    ("`--stretch` or LinearStretch(1, 99)", "Enhance infrared: LinearStretch"),
    ("pass by_position=True where", "tick “Pair them by their order” where"),
    ("use color='gray'", "choose Colour: gray"),
)


def in_words(message) -> str:
    """Return a message with what to do on the page where it says what to call.

    Examples
    --------
    >>> from skfusion.app.words import in_words
    >>> in_words("use color='gray' for gray images")
    'choose Colour: gray for gray images'
    """
    for python, word in _SPELLED:
        message = message.replace(python, word)
    return message
