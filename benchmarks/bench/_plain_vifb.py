# SPDX-License-Identifier: BSD-3-Clause
"""The 13 metrics of VIFB stated plainly in NumPy and SciPy, to compare with.

What a careful user would write from the papers: array expressions, each metric by
itself, small windows by convolve2d and large ones by FFT. Arguments: gray float64
images on 0..255.
"""

import numpy as np
from scipy.ndimage import convolve
from scipy.signal import convolve2d, fftconvolve

SOBEL_X = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SOBEL_Y = SOBEL_X.T[::-1]


def ag(a, b, f):
    gy, gx = np.gradient(f)
    return np.sum(np.sqrt((gx**2 + gy**2) / 2)) / ((f.shape[0] - 1) * (f.shape[1] - 1))


def ce(a, b, f):
    def histogram(x):
        return np.histogram(x, bins=256, range=(-0.5, 255.5))[0] / x.size

    def one(p, q):
        both = (p > 0) & (q > 0)
        return np.sum(p[both] * np.log2(p[both] / q[both]))

    p_a, p_b, p_f = histogram(a), histogram(b), histogram(f)
    return (one(p_a, p_f) + one(p_b, p_f)) / 2


def ei(a, b, f):
    gx = convolve(f, SOBEL_X, mode="nearest")
    gy = convolve(f, SOBEL_Y, mode="nearest")
    return np.mean(np.sqrt(gx**2 + gy**2))


def en(a, b, f):
    p = np.histogram(f, bins=256, range=(-0.5, 255.5))[0] / f.size
    p = p[p > 0]
    return -np.sum(p * np.log2(p))


def mi(a, b, f):
    def entropy(p):
        p = p[p > 0] / p.sum()
        return -np.sum(p * np.log(p))

    def stretch(x):
        return np.rint((x - x.min()) / (x.max() - x.min()) * 255)

    def one(x, y):
        edges = np.arange(257) - 0.5
        joint = np.histogram2d(stretch(x).ravel(), stretch(y).ravel(), (edges, edges))[
            0
        ]
        return entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint)

    return one(a, f) + one(b, f)


def rmse(a, b, f):
    return sum(np.sqrt(np.sum((x - f) ** 2)) / f.size for x in (a, b)) / 2


def psnr(a, b, f):
    return 10 * np.log10(255**2 / rmse(a, b, f))


def qabf(a, b, f):
    def edges(x):
        gx = convolve2d(x, SOBEL_X, "same")
        gy = convolve2d(x, SOBEL_Y, "same")
        with np.errstate(all="ignore"):
            angle = np.where(gx == 0, np.pi / 2, np.arctan(gy / gx))
        return np.sqrt(gx**2 + gy**2), angle

    def quality(g, angle, g_f, angle_f):
        with np.errstate(all="ignore"):
            ratio = np.where(g > g_f, g_f / g, np.where(g == g_f, g_f, g / g_f))
        delta = 1 - np.abs(angle - angle_f) / (np.pi / 2)
        strength = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5)))
        return strength * 0.9879 / (1 + np.exp(-22 * (delta - 0.8)))

    (g_a, a_a), (g_b, a_b), (g_f, a_f) = edges(a), edges(b), edges(f)
    kept = quality(g_a, a_a, g_f, a_f) * g_a + quality(g_b, a_b, g_f, a_f) * g_b
    return kept.sum() / (g_a + g_b).sum()


def _stretched(x):
    return np.floor((x - x.min()) / (x.max() - x.min()) * 255 + 0.5)


def _frequencies(n):
    return (np.arange(n) - n // 2) / (n / 2)


def qcb(a, b, f):
    a, b, f = (_stretched(x) for x in (a, b, f))
    m, n = f.shape
    u, v = np.meshgrid(_frequencies(n) * n / 30, _frequencies(m) * m / 30)
    r = np.hypot(u, v)
    csf = np.exp(-((r / 15.387) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2))
    y, x = np.mgrid[-15:16, -15:16]

    def gaussian(s):
        return np.exp(-(x**2 + y**2) / (2 * s**2)) / (2 * np.pi * s**2)

    def masked(image):
        spectrum = np.fft.fftshift(np.fft.fft2(image)) * csf
        image = np.real(np.fft.ifft2(np.fft.ifftshift(spectrum)))
        fine = fftconvolve(image, gaussian(2), "same")
        coarse = fftconvolve(image, gaussian(4), "same")
        contrast = np.abs(fine / coarse - 1)
        return contrast**3 / (contrast**2 + 1e-4)

    c_a, c_b, c_f = masked(a), masked(b), masked(f)
    q_a = np.minimum(c_a, c_f) / np.maximum(c_a, c_f)
    q_b = np.minimum(c_b, c_f) / np.maximum(c_b, c_f)
    share = c_a**2 / (c_a**2 + c_b**2)
    return np.mean(share * q_a + (1 - share) * q_b)


def qcv(a, b, f):
    a, b, f = (_stretched(x) for x in (a, b, f))
    m, n = f.shape
    u, v = np.meshgrid(_frequencies(n) * n / 8, _frequencies(m) * m / 8)
    r = np.hypot(u, v)
    csf = 2.6 * (0.0192 + 0.144 * r) * np.exp(-((0.144 * r) ** 1.1))

    def blocks(x):
        x = np.pad(x, ((0, -m % 16), (0, -n % 16)))
        rows, columns = x.shape[0] // 16, x.shape[1] // 16
        return x.reshape(rows, 16, columns, 16).transpose(0, 2, 1, 3)

    def saliency(x):
        gx, gy = convolve2d(x, SOBEL_X, "same"), convolve2d(x, SOBEL_Y, "same")
        return np.sum(blocks(np.sqrt(gx**2 + gy**2)) ** 5, axis=(2, 3))

    def distance(x):
        spectrum = np.fft.fftshift(np.fft.fft2(x - f)) * csf
        filtered = np.real(np.fft.ifft2(np.fft.ifftshift(spectrum)))
        return np.mean(blocks(filtered**2), axis=(2, 3))

    l_a, l_b = saliency(a), saliency(b)
    return np.sum(l_a * distance(a) + l_b * distance(b)) / np.sum(l_a + l_b)


def sf(a, b, f):
    rows, columns = np.sum(np.diff(f, axis=1) ** 2), np.sum(np.diff(f, axis=0) ** 2)
    return np.sqrt((rows + columns) / f.size)


def ssim(a, b, f):
    x = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(x, x) / x.sum() ** 2

    def local(image):
        return convolve2d(image, window, "valid")

    def one(x, y):
        mx, my = local(x), local(y)
        vx, vy = local(x * x) - mx**2, local(y * y) - my**2
        cov = local(x * y) - mx * my
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        top = (2 * mx * my + c1) * (2 * cov + c2)
        return np.mean(top / ((mx**2 + my**2 + c1) * (vx + vy + c2)))

    return one(a, f) + one(b, f)


def sd(a, b, f):
    return np.std(f)


PLAIN = {
    "AG": ag,
    "CE": ce,
    "EI": ei,
    "EN": en,
    "MI": mi,
    "PSNR": psnr,
    "Qabf": qabf,
    "Qcb": qcb,
    "Qcv": qcv,
    "RMSE": rmse,
    "SF": sf,
    "SSIM": ssim,
    "SD": sd,
}
