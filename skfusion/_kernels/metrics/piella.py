"""Sums of the Piella-Heijmans and the Yang and Cvejic qualities over window moments."""

# SPDX-License-Identifier: BSD-3-Clause
from .._jit import kernel_inlined, kernel_numpy_errors


@kernel_inlined
def _ssim(mx, mf, vx, vf, cov, c1, c2):
    return ((2.0 * mx * mf + c1) * (2.0 * cov + c2)) / (
        (mx * mx + mf * mf + c1) * (vx + vf + c2)
    )


@kernel_numpy_errors
def piella_sums(o, c1, c2, flat):
    """Return sum q, sum s q, sum s over windows, s = max(var a, var b).

    q is the SSIM of (a, f) and of (b, f) weighted by the variances of a and b. Where
    both are under `flat`, each counts as 1/2, as in the published code.
    """
    total = weighted = weights = 0.0
    for i in range(o.shape[1]):
        row = row_w = row_s = 0.0
        for j in range(o.shape[2]):
            ma, mb, mf = o[0, i, j], o[1, i, j], o[2, i, j]
            va, vb, vf = o[3, i, j], o[4, i, j], o[5, i, j]
            qa = _ssim(ma, mf, va, vf, o[6, i, j], c1, c2)
            qb = _ssim(mb, mf, vb, vf, o[7, i, j], c1, c2)
            if va < flat and vb < flat:
                va = vb = 0.5
            q = qb + va / (va + vb) * (qa - qb)
            s = max(va, vb)
            row += q
            row_w += s * q
            row_s += s
        total += row
        weighted += row_w
        weights += row_s
    return total, weighted, weights


@kernel_inlined
def _uiqi(mx, mf, vx, vf, cov, flat):
    # Wang and Bovik's index with its limits where a factor is 0/0.
    light = mx * mx + mf * mf
    q = 1.0
    if light > 0.0:
        q = 2.0 * mx * mf / light
    if vx < flat and vf < flat:
        return q
    return q * 2.0 * cov / (vx + vf)


@kernel_numpy_errors
def uiqi_sums(o, flat):
    """Return the same sums with the universal quality index in place of SSIM."""
    total = weighted = weights = 0.0
    for i in range(o.shape[1]):
        row = row_w = row_s = 0.0
        for j in range(o.shape[2]):
            ma, mb, mf = o[0, i, j], o[1, i, j], o[2, i, j]
            va, vb, vf = o[3, i, j], o[4, i, j], o[5, i, j]
            qa = _uiqi(ma, mf, va, vf, o[6, i, j], flat)
            qb = _uiqi(mb, mf, vb, vf, o[7, i, j], flat)
            va = va if va > flat else 0.0
            vb = vb if vb > flat else 0.0
            share = va / (va + vb) if va + vb > 0.0 else 0.5
            q = qb + share * (qa - qb)
            s = max(va, vb)
            row += q
            row_w += s * q
            row_s += s
        total += row
        weighted += row_w
        weights += row_s
    return total, weighted, weights


@kernel_inlined
def _ssim_flat(mx, mf, vx, vf, cov, c, flat):
    # SSIM with vanishing constants: the luminance term alone between two flat windows,
    # 0 between a flat one and another.
    light = (2.0 * mx * mf + c) / (mx * mx + mf * mf + c)
    if vx < flat and vf < flat:
        return light
    if vx < flat or vf < flat:
        return 0.0
    return light * (2.0 * cov + c) / (vx + vf + c)


@kernel_numpy_errors
def yang_cvejic_sums(o, c, flat):
    """Return the sums over windows of Yang's and of Cvejic's quality.

    The third and fourth number count the windows where the quality is no 0/0.
    """
    yang = cvejic = 0.0
    defined_y = defined_c = 0
    for i in range(o.shape[1]):
        row_y = row_c = 0.0
        for j in range(o.shape[2]):
            ma, mb, mf = o[0, i, j], o[1, i, j], o[2, i, j]
            va, vb, vf = o[3, i, j], o[4, i, j], o[5, i, j]
            ca, cb = o[6, i, j], o[7, i, j]
            qa = _ssim_flat(ma, mf, va, vf, ca, c, flat)
            qb = _ssim_flat(mb, mf, vb, vf, cb, c, flat)
            qab = _ssim_flat(ma, mb, va, vb, o[8, i, j], c, flat)
            if va < flat:
                va = ca = 0.0
            if vb < flat:
                vb = cb = 0.0
            if vf < flat:
                ca = cb = 0.0
            if va + vb > 0.0:
                defined_y += 1
            if ca + cb != 0.0:
                defined_c += 1
            if qab >= 0.75:
                share = va / (va + vb) if va + vb > 0.0 else 0.5
                row_y += share * qa + (1.0 - share) * qb
            else:
                row_y += max(qa, qb)
            # Where the similarity leaves 0..1 the published code overwrites the result,
            # not the similarity.
            sim = ca / (ca + cb) if ca + cb != 0.0 else 0.5
            if sim < 0.0:
                pass
            elif sim > 1.0:
                row_c += 1.0
            else:
                row_c += sim * qa + (1.0 - sim) * qb
        yang += row_y
        cvejic += row_c
    return yang, cvejic, defined_y, defined_c
