"""Time the transforms against what a user would otherwise write.

One process, one thread for every library, 640x512 float32, repeats interleaved, medians
of the thread's CPU time, which other work on the machine disturbs less than the clock.
Run: ``python benchmarks/bench/transforms.py [repeats]``.

Temporaries of 1.3 MB cost a NumPy expression page faults or not, depending on what the
process has freed before; the rows marked "buffers kept" show it without any, with
``out=`` and ``dst=`` everywhere.
"""

# SPDX-License-Identifier: BSD-3-Clause
import sys
import time

import cv2
import numpy as np
from _harness import SHAPE, print_machine, rounds, threads, unit_scene
from scipy import ndimage

from skfusion.transforms import (
    HDRC,
    SSR,
    LinearStretch,
    box_filter,
    distance_transform,
    guided_filter,
)

HEIGHT, WIDTH = SHAPE


def guided_with_cv2(image, radius, eps):
    size = (2 * radius + 1, 2 * radius + 1)
    mean = cv2.blur(image, size)
    variance = cv2.blur(image * image, size) - mean * mean
    slope = variance / (variance + eps)
    offset = mean - slope * mean
    return cv2.blur(slope, size) * image + cv2.blur(offset, size)


class GuidedWithBuffers:
    """The same without one allocation after the first call."""

    def __init__(self):
        self.b = [np.empty((HEIGHT, WIDTH), np.float32) for _ in range(4)]

    def __call__(self, image, radius, eps):
        size = (2 * radius + 1, 2 * radius + 1)
        mean, variance, slope, other = self.b
        cv2.blur(image, size, dst=mean)
        np.multiply(image, image, out=other)
        cv2.blur(other, size, dst=variance)
        np.multiply(mean, mean, out=other)
        variance -= other
        np.add(variance, np.float32(eps), out=other)
        np.divide(variance, other, out=slope)
        np.multiply(slope, mean, out=other)
        mean -= other
        cv2.blur(slope, size, dst=variance)
        cv2.blur(mean, size, dst=other)
        variance *= image
        variance += other
        return variance


def hdrc_with_cv2(image, dtype=np.float32):
    """HDRC as its description reads, in NumPy and OpenCV."""
    image = image.astype(dtype)
    height, width = image.shape
    x = (image - image.min()) / (image.max() - image.min()) * 255
    radius = int(0.04 * max(height, width))
    step = max(1.0, radius / 4)
    unit = x / 255
    rows, cols = (
        np.minimum(((np.arange(np.ceil(n / step)) + 0.5) * step).astype(int), n - 1)
        for n in (height, width)
    )
    small = unit[rows[:, np.newaxis], cols]
    r = round(radius / step)
    options = {"ksize": (2 * r + 1, 2 * r + 1), "borderType": cv2.BORDER_CONSTANT}
    count = cv2.boxFilter(np.ones_like(small), -1, normalize=False, **options)

    def box(plane):
        return cv2.boxFilter(plane, -1, normalize=False, **options) / count

    mean = box(small)
    variance = box(small * small) - mean * mean
    slope = variance / (variance + 0.1**2)
    offset = mean - slope * mean
    slope = cv2.resize(box(slope), (width, height))
    offset = cv2.resize(box(offset), (width, height))
    base = 255 * (slope * unit + offset)
    log_base = np.log(base + 1)
    detail = np.log(x + 1) - log_base
    scale = np.log(4) / (log_base.max() - log_base.min())
    out = np.exp(scale * log_base + detail + (1 - scale) * log_base.max())
    return np.minimum(out, 255) / 255


def ssr_recipe(image):
    """The recipe of the published fusion code: three equal float64 channels."""
    f = np.repeat(image[..., np.newaxis], 3, axis=2).astype(np.float64) + 1
    R = np.log10(f) - np.log10(cv2.GaussianBlur(f, (0, 0), 300))
    out = np.empty(f.shape, np.uint8)
    for c in range(3):
        plane = R[..., c]
        bins, counts = np.unique((plane * 100).astype(np.int32), return_counts=True)
        zero = counts[bins == 0][0]
        low, high = bins[0] / 100, bins[-1] / 100
        for value, count in zip(bins, counts):
            if value < 0 and count < 0.1 * zero:
                low = value / 100
            if value > 0 and count < 0.1 * zero:
                high = value / 100
                break
        plane = np.clip(plane, low, high)
        plane = (plane - plane.min()) / (plane.max() - plane.min()) * 255
        out[..., c] = plane.astype(np.uint8)
    return out


def cv2_distance(mask):
    return cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def medians(functions, repeats):
    """Median milliseconds of each function."""
    times = rounds(*functions, repeats=repeats, clock=time.thread_time)
    return 1e3 * np.median(times, axis=1)


def main(repeats=51):
    image = unit_scene()[1]
    level = np.round(255 * image).astype(np.uint8)
    masks = {
        "blobs": ndimage.gaussian_filter(image, 8) > 0.5,
        "texture": image > np.median(image),
        "one hole": np.ones((HEIGHT, WIDTH), bool),
    }
    masks["one hole"][HEIGHT // 3, WIDTH // 3] = False
    copy = medians([image.copy], 201)[0]
    rows = []

    def add(name, ours, others, repeats=repeats):
        mine, *theirs = medians([ours, *others.values()], repeats)
        for other, spent in zip(others, theirs):
            rows.append((name, mine, other, spent))

    stretch, hdrc, ssr = LinearStretch(), HDRC(), SSR()
    kept = GuidedWithBuffers()
    for radius in (4, 16, 45):
        add(
            f"guided_filter r={radius}",
            lambda r=radius: guided_filter(image, image, r, 0.01),
            {
                "cv2.blur + NumPy": lambda r=radius: guided_with_cv2(image, r, 0.01),
                "the same, buffers kept": lambda r=radius: kept(image, r, 0.01),
            },
        )
    add(
        "box_filter r=16",
        lambda: box_filter(image, 16),
        {"cv2.blur": lambda: cv2.blur(image, (33, 33))},
    )
    for name, mask in masks.items():
        bytes_ = mask.astype(np.uint8)
        add(
            f"distance_transform, {name}",
            lambda m=mask: distance_transform(m),
            {
                "cv2 precise": lambda b=bytes_: cv2_distance(b),
                "SciPy": lambda m=mask: ndimage.distance_transform_edt(m),
            },
            max(5, repeats // 4),
        )
    add(
        "HDRC",
        lambda: hdrc.transform([image]),
        {
            "NumPy + cv2 float32": lambda: hdrc_with_cv2(image),
            "NumPy + cv2 float64": lambda: hdrc_with_cv2(image, np.float64),
        },
    )
    add(
        "LinearStretch",
        lambda: stretch.transform([image]),
        {"NumPy": lambda: (image - image.min()) / (image.max() - image.min())},
    )
    add(
        "SSR sigma=300",
        lambda: ssr.transform([level]),
        {"authors' recipe": lambda: ssr_recipe(level)},
        3,
    )

    off = np.abs(
        np.floor(255 * ssr.transform([level])[0] + 0.5) - ssr_recipe(level)[..., 0]
    )
    print_machine()
    print(f"one thread, {WIDTH}x{HEIGHT} float32")
    print(f"one copy of the image: {copy:.3f} ms\n")
    print(f"{'skfusion':28}{'ms':>8}{'copies':>8}   {'other':24}{'ms':>10}{'ratio':>8}")
    for name, mine, other, spent in rows:
        print(
            f"{name:28}{mine:8.2f}{mine / copy:8.0f}   {other:24}{spent:10.2f}"
            f"{spent / mine:8.1f}"
        )
    print(f"\nSSR differs from the recipe by at most {off.max():.0f} grey level(s)")
    plain = hdrc_with_cv2(image, np.float64)
    print(f"HDRC differs by {np.abs(hdrc.transform([image])[0] - plain).max():.1e}")


if __name__ == "__main__":
    with threads(1):
        main(*map(int, sys.argv[1:2]))
