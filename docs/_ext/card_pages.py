"""Write the pages of the weights that ship: the card of each, and a table of all.

The cards lie beside the weights, in the package. Their pages lie in ``docs/weights``
and are made anew by each build.
"""

# SPDX-License-Identifier: BSD-3-Clause
import re
from pathlib import Path

from generated import replace_pages

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT / "skfusion" / "weights"
FOLDER = ROOT / "docs" / "weights"

_INDEX = """# Weights that ship

Each file of weights in the package has a card: the data and their terms, the recipe
with its seed, what it cost, and the scores. Terms of the data may limit what the
weights may be used for; no image is contained in them.

| card | of | MiB |
|---|---|--:|
{rows}

```{{toctree}}
:hidden:

{names}
```
"""


def owners():
    """Return the name of the class that each card says its weights are of.

    Returns
    -------
    dict of str to str
        By the stem of the card; the first name in code that begins with a capital.
    """
    return {
        path.stem: re.search(r"`(?:\w+\.)*([A-Z]\w+)", path.read_text()).group(1)
        for path in sorted(CARDS.glob("*.md"))
    }


def write_pages(names, folder=FOLDER):
    """Write the pages of all cards.

    Parameters
    ----------
    names : iterable of str
        The full names that have a page in the API reference.
    folder : Path
    """
    full = {name.rsplit(".", 1)[1]: name for name in names}
    pages, rows = {}, []
    for stem, owner in owners().items():
        of = f"{{py:obj}}`{owner} <{full[owner]}>`"
        size = (CARDS / f"{stem}.safetensors").stat().st_size / 2**20
        rows.append(f"| {{doc}}`{stem}` | {of} | {size:.2f} |")
        card = (CARDS / f"{stem}.md").read_text().rstrip()
        pages[f"{stem}.md"] = f"{card}\n\nOf {of}; see {{doc}}`index`.\n"
    pages["index.md"] = _INDEX.format(rows="\n".join(rows), names="\n".join(owners()))
    replace_pages(folder, pages)
