"""Names of others do nothing wherever they are shown, and are still read."""

# SPDX-License-Identifier: BSD-3-Clause
import csv
import io
import math

import numpy as np
import pandas as pd
import pytest

from skfusion._text import (
    as_csv,
    as_html,
    as_markdown,
    as_text,
    csv_cell,
    printable,
    say,
)

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+cmd",
    "-2+3",
    "@SUM(A1)",
    " =1+1",
    "＝1+1",
    "\t=1",
    "a|b",
    "<script>alert(1)</script>",
    "\x1b[2J\x1b]0;title\x07",
    "\u202egnp.exe",
    "two\nlines\r",
    "bytes \udcff\udce9",
    "half \ud800",
    "\x00",
    "\u2028",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_shown_is_printable_and_can_be_written(name):
    for show in (printable, as_html, as_markdown, csv_cell):
        text = show(name)
        assert text.isprintable() or "＝" in text
        text.encode("utf-8")


@pytest.mark.parametrize("name", ["scene 1", "café", "夜景", "🚗", "x" * 500])
def test_honest_names_stay_as_they_are(name):
    for show in (printable, csv_cell, as_html, as_markdown):
        assert show(name) == name
    assert printable("a\u3000b") == "a\u3000b"


def test_escapes_say_what_stood_there():
    assert printable("\x1b[1m\udcff\u202e\n") == r"\x1b[1m\xff\u202e\n"


@pytest.mark.parametrize("name", HOSTILE[:7])
def test_no_cell_is_a_formula(name):
    assert csv_cell(name).startswith(("'", "\\t"))
    assert csv_cell(csv_cell(name)) == csv_cell(name)


@pytest.mark.parametrize("value", ["-1", "+2.5", "-1e-6", -3, 2.5, None, "minus -1"])
def test_numbers_and_words_are_no_formulas(value):
    assert csv_cell(value) == value


def test_a_table_of_hostile_names_is_one_line_a_row():
    table = pd.DataFrame(
        {"=qabf": np.arange(len(HOSTILE)) / 3}, index=pd.Index(HOSTILE, dtype=object)
    )
    table["text"] = pd.Series(HOSTILE, table.index, dtype=object)
    table.index.name = "pair"
    rows = list(csv.reader(io.StringIO(as_csv(table).decode())))
    assert rows[0] == ["pair", "'=qabf", "text"] and len(rows) == len(HOSTILE) + 1
    assert [row[0] for row in rows[1:]] == list(map(csv_cell, HOSTILE))
    assert [float(row[1]) for row in rows[1:]] == table["=qabf"].tolist()


def test_a_table_with_two_indices_or_none():
    keys = pd.MultiIndex.from_tuples(
        [("=a", "m"), ("b", "m")], names=["pair", "method"]
    )
    table = pd.DataFrame({"en": [1.5, math.nan], "n": pd.array([1, None])}, index=keys)
    assert as_csv(table) == b"pair,method,en,n\n'=a,m,1.5,1\nb,m,,\n"
    assert as_csv(table, index=False) == b"en,n\n1.5,1\n,\n"
    assert as_csv(pd.DataFrame({"en": [1.0]})) == b",en\n0,1.0\n"


def test_markdown_and_html_are_text():
    assert as_markdown("a|b *c* <i>") == r"a\|b \*c\* &lt;i&gt;"
    assert as_html("\"<'&") == "&quot;&lt;&#x27;&amp;"


def test_digits_that_count_are_printed():
    table = pd.DataFrame(
        {"eps": [1e-6, 0.25], "nabf": [2e-7 / 3, 12345.6], "n": [1, 2]}
    )
    lines = as_text(table, exact=["eps"]).split("\n")
    assert lines[1].split() == ["0", "1e-06", "6.667e-08", "1"]
    assert lines[2].split() == ["1", "0.25", "12346", "2"]


def test_lines_are_said_one_by_one(capsys):
    say("a\n\x1b[2Jb")
    assert capsys.readouterr().out == "a\n\\x1b[2Jb\n"
