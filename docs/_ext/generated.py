"""Folders of pages that each build makes anew."""

# SPDX-License-Identifier: BSD-3-Clause


def replace_pages(folder, pages):
    """Make a folder hold these pages; files that stay as they are keep their time.

    Parameters
    ----------
    folder : Path
    pages : dict of str to str
        Text by the name of the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in pages:
            old.unlink()
    for file, text in pages.items():
        path = folder / file
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
