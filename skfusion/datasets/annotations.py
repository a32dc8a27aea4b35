"""What people marked in pairs: boxes in four published forms, maps of classes."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import yaml

from ..fused_files import find_fused
from ..images import read_image
from ..pairs import as_pairs

__all__ = ["read_boxes", "read_class_maps"]

_FORMS = ("auto", "voc", "llvip", "m3fd", "yolo")
_FOLDERS = ("Annotations", "Annotation", "annotations", "labels", "Labels")
_M3FD = ("People", "Car", "Bus", "Lamp", "Motorcycle", "Truck")
_MAX_BYTES = 2**23


def read_boxes(folder, pairs, form="auto", *, classes=None) -> dict:
    """Read the boxes that were annotated for pairs.

    Parameters
    ----------
    folder : path
        Of the annotations, or one that holds them as ``Annotations``, ``Annotation`` or
        ``labels``. The boxes of pair ``a/b`` lie in ``a/b.xml`` or, where there is but
        one of that name, in ``b.xml`` anywhere below.
    pairs : ImagePairs or any other form of X
        Their names are looked for, their sizes compared.
    form : {"auto", "voc", "llvip", "m3fd", "yolo"}, default="auto"
        ``"voc"``: XML as of Pascal VOC, whose first pixel is 1; objects that are
        ``difficult`` need not be found. ``"llvip"`` is the same with ``person`` alone.
        ``"m3fd"``: VOC, or the text files of its authors, and its six classes in small
        letters, ``People`` as ``person``. ``"yolo"``: text files, a line an object:
        class number, centre and size as shares of the image; where an image has no
        file there is nothing in it. ``"auto"``: what the files look like.
    classes : sequence of str, optional
        Names of the classes by number, for YOLO. Default: those of ``classes.txt``,
        ``data.yaml`` or ``dataset.yaml`` there or one folder above, else the numbers.

    Returns
    -------
    dict of str to dict
        By the name of the pair: ``"boxes"``, float32 ``(n, 4)`` as left, top, right,
        bottom in pixels; ``"labels"``, str ``(n,)``; ``"iscrowd"``, bool ``(n,)``.

    Raises
    ------
    ValueError
        If a file is missing or cannot be read as this form, or was made for an image
        of another size; the message names the file.

    See Also
    --------
    skfusion.metrics.DetectionScorer : What they are for.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.datasets import read_boxes
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "1.txt").write_text("0 0.5 0.5 0.25 0.5")
    >>> image = np.zeros((40, 80))
    >>> X = ImagePairs([image], [image], names=["1"])
    >>> read_boxes(folder, X, classes=["person"])["1"]["boxes"]
    array([[30., 10., 50., 30.]], dtype=float32)
    """
    pairs = as_pairs(pairs)
    if form not in _FORMS:
        raise ValueError(f"form={form!r}: use one of {', '.join(map(repr, _FORMS))}.")
    folder = _annotations_folder(folder)
    suffix = _suffix(folder, form)
    if form == "m3fd" and classes is None:
        classes = _M3FD
    if suffix == ".txt" and classes is None:
        classes = _stored_classes(folder)
    files = _files_by_name(folder, suffix, pairs.names)
    targets = {}
    for i, name in enumerate(map(str, pairs.names)):
        file = files.get(name)
        if file is None:
            targets[name] = _target([], [], [])
            continue
        shape = pairs.visible_shape(i)
        read = _read_voc if suffix == ".xml" else _read_yolo
        targets[name] = read(file, shape, classes)
    return _renamed(targets, form)


def _annotations_folder(folder):
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"boxes={str(folder)!r} is no folder: name that of the boxes.")
    inner = [root / name for name in _FOLDERS if (root / name).is_dir()]
    return inner[0] if inner else root


def _suffix(folder, form):
    found = {path.suffix for path in _annotation_files(folder)}
    wanted = {"auto": (".xml", ".txt"), "m3fd": (".xml", ".txt"), "yolo": (".txt",)}
    kinds = [suffix for suffix in wanted.get(form, (".xml",)) if suffix in found]
    if len(kinds) != 1:
        why = "both .xml and .txt files" if kinds else "no annotations"
        raise ValueError(
            f"boxes={str(folder)!r} holds {why} for form={form!r}: name the folder of "
            "the .xml files (form='voc') or of the .txt files (form='yolo')."
        )
    return kinds[0]


def _annotation_files(folder):
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".xml", ".txt") and path.name != "classes.txt"
    ]


def _files_by_name(folder, suffix, names):
    exact, stems = {}, {}
    for path in _annotation_files(folder):
        if path.suffix == suffix:
            exact[path.relative_to(folder).with_suffix("").as_posix()] = path
            stems.setdefault(path.stem, []).append(path)
    found, missing = {}, []
    for name in map(str, names):
        same = stems.get(Path(name).name, [])
        if name in exact:
            found[name] = exact[name]
        elif len(same) == 1:
            found[name] = same[0]
        elif same:
            raise ValueError(
                f"pair {name!r} has {len(same)} annotations in {str(folder)!r}, first "
                f"{str(same[0])!r}: name the folder of those that are meant."
            )
        else:
            missing.append(name)
    if missing and (suffix == ".xml" or not found):
        raise ValueError(
            f"boxes={str(folder)!r} lacks {len(missing)} of {len(names)} pairs, first "
            f"{missing[0]!r}: name each {suffix} file like its pair."
        )
    return found


def _text(file):
    data = file.read_bytes()[: _MAX_BYTES + 1]
    if len(data) > _MAX_BYTES:
        raise ValueError(f"{str(file)!r} is larger than {_MAX_BYTES} bytes.")
    return data.decode("utf-8-sig", errors="replace")


def _read_voc(file, shape, classes):
    text = _text(file)
    try:
        if "<!" in text.replace("<!--", ""):  # entities can grow beyond all bounds
            raise ValueError("it declares entities or a document type")
        root = ElementTree.fromstring(text)
        annotated = tuple(_number(root, f"size/{side}", 0) for side in _SIDES)
        boxes, labels, crowd = [], [], []
        for thing in root.iter("object"):
            left, top, right, bottom = (
                _number(thing, f"bndbox/{side}") for side in _CORNERS
            )
            boxes.append((left - 1, top - 1, right, bottom))  # its first pixel is 1
            labels.append((thing.findtext("name") or "").strip())
            crowd.append(bool(_number(thing, "difficult", 0)))
        target = _target(boxes, labels, crowd)
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(
            f"{str(file)!r} is no annotation in VOC's form ({error})."
        ) from None
    if all(annotated) and annotated != tuple(shape):
        raise ValueError(
            f"{str(file)!r} was made for an image of {annotated[0]:g}x"
            f"{annotated[1]:g}, its pair has {shape[0]}x{shape[1]} (rows x columns): "
            "use pairs of the annotated size."
        )
    return target


_SIDES = ("height", "width")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _number(element, path, default=None):
    text = element.findtext(path)
    if text is None or not text.strip():
        if default is None:
            raise ValueError(f"an object lacks {path}")
        return default
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{path} is {text.strip()!r}")
    return value


def _read_yolo(file, shape, classes):
    boxes, labels = [], []
    size = np.array([shape[1], shape[0]] * 2)
    for k, line in enumerate(_text(file).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            number = int(words[0])
            x, y, wide, high = map(float, words[1:5])
            shares = all(0 <= value <= 1 for value in (x, y, wide, high))
            if len(words) > 5 or number < 0 or not shares:
                raise ValueError
            label = str(number) if classes is None else classes[number]
        except (ValueError, IndexError):
            raise ValueError(
                f"{str(file)!r}, line {k}, {line[:80]!r}: expected a class number"
                f"{'' if classes is None else f' below {len(classes)}'} and four "
                "shares of the image from 0 to 1: centre x, centre y, width, height."
            ) from None
        box = np.array([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2])
        boxes.append(np.clip(box, 0, 1) * size)
        labels.append(str(label))
    return _target(boxes, labels, [False] * len(boxes))


def _target(boxes, labels, crowd):
    boxes = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError("a box ends before it begins")
    return {
        "boxes": boxes,
        "labels": np.array(labels, dtype=object),
        "iscrowd": np.array(crowd, dtype=bool),
    }


def _stored_classes(folder):
    for place in (folder, folder.parent):
        if (place / "classes.txt").is_file():
            lines = _text(place / "classes.txt").splitlines()
            return [line.strip() for line in lines if line.strip()]
        for name in ("data.yaml", "dataset.yaml"):
            if (place / name).is_file():
                return _yaml_classes(place / name)
    return None


def _yaml_classes(file):
    try:
        names = yaml.safe_load(_text(file))["names"]
        if isinstance(names, dict):
            names = [names[number] for number in range(len(names))]
        if not all(isinstance(name, (str, int)) for name in names):
            raise TypeError
        return list(map(str, names))
    except (yaml.YAMLError, KeyError, TypeError, RecursionError):
        raise ValueError(
            f"{str(file)!r} has no list of class names under 'names': give classes=."
        ) from None


def _renamed(targets, form):
    """Return targets with the names that M3FD's classes have elsewhere."""
    labels = {label for target in targets.values() for label in target["labels"]}
    if form == "m3fd" or (form == "auto" and labels and labels <= set(_M3FD)):
        words = {name: name.lower() for name in _M3FD} | {"People": "person"}
        for target in targets.values():
            renamed = [words.get(label, label) for label in target["labels"]]
            target["labels"] = np.array(renamed, dtype=object)
    return targets


def read_class_maps(folder, pairs) -> dict:
    """Read the maps of classes that were drawn for pairs.

    Parameters
    ----------
    folder : path
        That of pair ``a/b`` is ``a/b.png``, or with another suffix of an image: a gray
        image whose levels are class numbers, as MSRS and MFNet have them.
    pairs : ImagePairs or any other form of X
        Their names are looked for.

    Returns
    -------
    dict of str to ndarray of int64, shape (H, W)
        By the name of the pair.

    Raises
    ------
    ValueError
        If a map is missing or holds colours in place of numbers.

    See Also
    --------
    skfusion.metrics.SegmentationScorer : What they are for.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.datasets import read_class_maps
    >>> from skfusion.images import write_image
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write_image(folder / "1.png", np.array([[0, 2]], dtype=np.uint8))
    >>> X = ImagePairs([np.zeros((1, 2))], [np.zeros((1, 2))], names=["1"])
    >>> read_class_maps(folder, X)
    {'1': array([[0, 2]])}
    """
    names = list(map(str, as_pairs(pairs).names))
    if not Path(folder).is_dir():
        raise ValueError(f"masks={str(folder)!r} is no folder: name that of the maps.")
    found = find_fused(names, folder)
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(
            f"masks={str(folder)!r} lacks {len(missing)} of {len(names)} maps, first "
            f"{missing[0]!r}: name each map like its pair."
        )
    return {name: _read_map(path) for name, path in found.items()}


def _read_map(path):
    levels = read_image(path)
    if levels.ndim == 3 and levels.shape[2] == 3:
        if not (levels == levels[..., :1]).all():
            raise ValueError(
                f"{str(path)!r} is in colour: expected a gray image whose levels are "
                "class numbers."
            )
        levels = levels[..., 0]
    return levels.astype(np.int64)
