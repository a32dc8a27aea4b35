"""Names and errors of others, made harmless wherever they are shown."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import difflib
import html
import math
import unicodedata

__all__ = [
    "as_csv",
    "as_html",
    "as_markdown",
    "as_text",
    "csv_cell",
    "nearest",
    "number",
    "printable",
    "say",
    "sentence",
]

# Controls (also of the terminal), marks that turn the direction of writing, halves of
# surrogates (bytes of a name that is no UTF-8), line separators, what has no meaning.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"}
# A spreadsheet takes what begins so for a formula, in wide letters too.
_FORMULA = tuple("=+-@＝＋－＠")


def printable(text) -> str:
    r"""Return text on one line without signs that do something when they are printed.

    Parameters
    ----------
    text : object
        As a rule a name or a sentence.

    Returns
    -------
    str
        Such signs as escapes; it can be encoded as UTF-8.

    Examples
    --------
    >>> from skfusion._text import printable
    >>> printable("scene" + chr(27) + "[2J" + chr(0xDCE9))
    'scene\\x1b[2J\\xe9'
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(map(_harmless, text))


def _harmless(sign):
    if unicodedata.category(sign) not in _UNPRINTABLE:
        return sign
    if "\udc80" <= sign <= "\udcff":  # a byte of the name of a file
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode()


def nearest(word, known) -> str:
    """Return a question after the known word that is most like another, or nothing.

    Parameters
    ----------
    word : str
    known : iterable of str

    Returns
    -------
    str
        To be put behind a sentence.

    Examples
    --------
    >>> from skfusion._text import nearest
    >>> nearest("laplacian", ["laplacian_pyramid", "average"])
    " Did you mean 'laplacian_pyramid'?"
    >>> nearest("xyz", ["average"])
    ''
    """
    known = {str(name).lower(): str(name) for name in known}
    found = difflib.get_close_matches(str(word).lower(), known, n=1, cutoff=0.5)
    return f" Did you mean {known[found[0]]!r}?" if found else ""


def say(text, file=None) -> None:
    """Print lines of text, each of them printable, at once."""
    for line in str(text).split("\n"):
        print(printable(line), file=file, flush=True)


def csv_cell(value):
    """Return a text as a spreadsheet may have it: no formula, one line.

    What begins like a formula and is no number gets the spreadsheets' own mark of
    text, an apostrophe, before it; all but texts are returned as they are.

    Parameters
    ----------
    value : object

    Returns
    -------
    object

    Examples
    --------
    >>> from skfusion._text import csv_cell
    >>> csv_cell("=cmd|' /C calc'!A0"), csv_cell("-1.5"), csv_cell(-1.5)
    ("'=cmd|' /C calc'!A0", '-1.5', -1.5)
    """
    if not isinstance(value, str):
        return value
    value = printable(value)
    if value.lstrip().startswith(_FORMULA) and not _is_number(value):
        return "'" + value
    return value


def as_csv(table, *, index=True) -> bytes:
    """Return a data frame as CSV whose texts are harmless, in UTF-8.

    Parameters
    ----------
    table : pandas.DataFrame
    index : bool, default=True
        With the index as its first column.

    Returns
    -------
    bytes
    """
    import pandas as pd

    names = list(table.columns)
    columns = [table.iloc[:, k] for k in range(len(names))]
    if index:
        levels = range(table.index.nlevels)
        columns = [table.index.get_level_values(k) for k in levels] + columns
        names = [name or "" for name in table.index.names] + names
    cells = pd.DataFrame(
        {
            k: column.array
            if column.dtype.kind in "iufb"
            else pd.Series([csv_cell(value) for value in column], dtype=object)
            for k, column in enumerate(columns)
        }
    )
    cells.columns = [csv_cell(name) for name in names]
    return cells.to_csv(index=False, lineterminator="\n").encode("utf-8")


def as_html(text) -> str:
    """Return text that is only text in HTML, also inside of an attribute."""
    return html.escape(printable(text), quote=True)


def as_markdown(text) -> str:
    """Return text that is only text in Markdown, also inside of a table."""
    text = html.escape(printable(" ".join(str(text).split())), quote=False)
    for sign in "\\`*_[]|":
        text = text.replace(sign, "\\" + sign)
    return text


def as_text(table, exact=()) -> str:
    """Return a data frame for people: four digits that count in every cell.

    Parameters
    ----------
    table : pandas.DataFrame
    exact : sequence of str, default=()
        Columns that keep as many digits as they need.

    Returns
    -------
    str
        Lines, printable but for their ends.
    """
    cells = table.astype(object)
    if cells.index.dtype.kind == "O":
        cells.index = cells.index.map(printable)
    for name in table.columns:
        if table[name].dtype.kind == "f":
            show = repr if name in exact else number
            cells[name] = [show(float(value)) for value in table[name]]
    return cells.to_string()


def number(value, digits=4) -> str:
    """Return a value for people: so many significant digits, a dash for NaN."""
    if math.isnan(value):
        return "–"
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:#.{digits}g}".rstrip(".") if abs(value) < 1e4 else f"{value:.0f}"


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def sentence(error) -> str:
    """Return an exception's message as one line."""
    message = " ".join(str(error).split())
    if isinstance(error, (ValueError, OSError)) and message:
        return message
    return f"{type(error).__name__}: {message}".removesuffix(": ")
