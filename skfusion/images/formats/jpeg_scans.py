"""Follow the codes of every scan of a JPEG: a file that lost some is no image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import re
import struct

import numpy as np

__all__ = ["Component", "Scans"]

# A file may pass over its blocks so often. Eleven is what libjpeg writes; the count
# is of no matter in small pictures.
_PASSES = 32
_FREE = 2**24
# A DC value stands for a mean between -128 and 127, times 8; twice that is an error.
_DC_LIMIT = 2048
# Codes that are zero for so long mean a flat region, or bytes that were lost.
_ZEROS = re.compile(rb"\0{32,}")
_WRONG = {
    1: "is a truncated JPEG: its pixels end early",
    2: "is a damaged JPEG: its pixels hold a code that does not exist",
    3: "is a damaged JPEG: its pixels hold too many values a block",
    4: "is a damaged JPEG: a restart mark is missing or out of order",
    5: "is a damaged JPEG: more data follow than its pixels need",
    6: "is a damaged JPEG: its pixels are brighter than white or darker than black",
}


@functools.lru_cache(16)  # most files hold the tables of the standard
def _looked_up(codes):
    """Return the code for each next 16 bits, from 16 counts and the symbols."""
    lengths = np.repeat(np.arange(1, 17), list(codes[:16]))
    spans = 1 << (16 - lengths)
    if spans.sum() > 65536:
        raise ValueError("is a damaged JPEG: a table has more codes than bits")
    entries = 256 * lengths + np.frombuffer(codes[16:], np.uint8)
    table = np.zeros(65536, np.uint16)
    table[: spans.sum()] = np.repeat(entries, spans)
    return table


class Component:
    """One colour channel: its number, sampling factors, and place among the blocks."""

    def __init__(self, number, sampling, quantiser):
        self.number = number
        self.across, self.down = sampling >> 4, sampling & 15
        self.quantiser = quantiser
        if not (1 <= self.across <= 4 and 1 <= self.down <= 4 and quantiser <= 3):
            raise ValueError("is a damaged JPEG: a component has no such sampling")

    def place(self, width, height, most_across, most_down, start):
        """Find how many blocks there are, alone and in whole MCUs."""
        self.columns = -(-width * self.across // (8 * most_across))
        self.rows = -(-height * self.down // (8 * most_down))
        self.stride = -(-width // (8 * most_across)) * self.across
        self.start = start
        # Bit position to which each coefficient is known; 99 where it is not.
        self.known = np.full(64, 99, np.int64)
        return start + self.stride * -(-height // (8 * most_down)) * self.down


class Scans:
    """The tables and the frame so far, and the scans that use them.

    Parameters
    ----------
    data : bytes
        The whole file.
    """

    def __init__(self, data):
        self.data = data
        self.bytes = np.frombuffer(data, np.uint8)
        self.interval = 0
        # An empty one first, then four of DC, then four of AC.
        self._tables = np.zeros((9, 65536), np.uint16)
        self._defined = set()
        self._quantisers = {}
        self._components = {}
        self._visits = 0

    def define_tables(self, segment):
        """Read Huffman tables: 256 * length + symbol for each next 16 bits."""
        while segment:
            kind, number = segment[0] >> 4, segment[0] & 15
            if kind > 1 or number > 3:
                raise ValueError("is a damaged JPEG: a table of codes has no place")
            n = 17 + sum(segment[1:17])
            if len(segment) < 17 or len(segment) < n:
                raise ValueError("is a damaged JPEG: a table of codes is cut off")
            self._tables[1 + 4 * kind + number] = _looked_up(segment[1:n])
            self._defined.add(segment[0])
            segment = segment[n:]

    def define_quantisers(self, segment):
        """Read quantisation tables; only their first value, that of DC, is kept."""
        while segment:
            size = 128 if segment[0] >> 4 else 64
            if len(segment) < 1 + size:
                raise ValueError("is a damaged JPEG: a quantisation table is cut off")
            value = struct.unpack_from(">H" if size == 128 else ">B", segment, 1)[0]
            self._quantisers[segment[0] & 15] = value
            segment = segment[1 + size :]

    def define_frame(self, width, height, components, progressive):
        """Lay out the blocks of all components."""
        self.progressive = progressive
        self._components = {c.number: c for c in components}
        if len(self._components) < len(components):
            raise ValueError("is a damaged JPEG: two components have one number")
        across = max(c.across for c in components)
        down = max(c.down for c in components)
        self._mcus = -(-width // (8 * across)), -(-height // (8 * down))
        n = 0
        for component in components:
            n = component.place(width, height, across, down, n)
        self._n_blocks = n
        # A block takes a bit at least, of DC, and two where it is not progressive.
        if n * (1 if progressive else 2) > 8 * len(self.data):
            raise ValueError(_WRONG[1])
        self._shown = np.zeros(n if progressive else 1, np.uint64)

    def follow(self, header, start):
        """Follow the codes of a scan; return the place of the marker behind them."""
        components, dc, ac, band = self._read_header(header)
        self._check_band(components, band)
        n = len(components)
        if n == 1:
            units = components[0].columns * components[0].rows
            layout = [(1, 1, components[0].columns)]
        else:
            units = self._mcus[0] * self._mcus[1]
            layout = [(c.across, c.down, self._mcus[0]) for c in components]
        blocks = np.array([(*a, c.stride, c.start) for a, c in zip(layout, components)])
        self._visits += units * int((blocks[:, 0] * blocks[:, 1]).sum())
        if self._visits > max(_FREE, _PASSES * self._n_blocks):
            raise ValueError(
                "is a JPEG that passes over its pixels more often than any camera or "
                "program makes it: save it anew if you trust the file"
            )
        used = np.array([self._used(0, dc, band), self._used(16, ac, band)]).T
        limits = [
            _DC_LIMIT // max(1, self._quantisers.get(c.quantiser, 1)) + 2
            for c in components
        ]
        from ..._kernels.jpeg import walk_scan

        status, end = walk_scan(
            self.bytes,
            start,
            len(self.data),
            units,
            self.interval,
            self.progressive,
            np.array(band),
            self._tables,
            np.ascontiguousarray(used),
            blocks,
            self._shown,
            np.array(limits),
        )
        if status:
            raise ValueError(_WRONG[status])
        self._check_zeros(start, end, used, band)
        return end

    def check_complete(self):
        """Refuse a file in which a component was never begun."""
        if any((c.known[0] == 99) for c in self._components.values()):
            raise ValueError("is a truncated JPEG: a colour channel is missing")

    def _read_header(self, header):
        n = header[0] if header else 0
        if not 1 <= n <= 4 or len(header) < 4 + 2 * n:
            raise ValueError("is a damaged JPEG: the header of a scan is too short")
        numbers, codes = header[1 : 1 + 2 * n : 2], header[2 : 2 + 2 * n : 2]
        if len(set(numbers)) < n or not set(numbers) <= set(self._components):
            raise ValueError("is a damaged JPEG: a scan of channels that are not there")
        first, last, bits = header[1 + 2 * n : 4 + 2 * n]
        band = (first, last, bits >> 4, bits & 15)
        band = band if self.progressive else (0, 63, 0, 0)
        components = [self._components[number] for number in numbers]
        return components, [c >> 4 for c in codes], [c & 15 for c in codes], band

    def _check_band(self, components, band):
        """Refuse what is sent twice, or refined before it is there."""
        first, last, high, low = band
        wrong = not first <= last <= 63 or low > 13
        if self.progressive:
            wrong |= (first == 0) != (last == 0) or (first > 0 and len(components) > 1)
        for component in components:
            known = component.known[first : last + 1]
            wrong |= bool((known != (high or 99)).any())
            wrong |= high > 0 and low != high - 1
            known[:] = low
        if wrong:
            raise ValueError("is a damaged JPEG: its scans repeat or lack each other")

    def _used(self, kind, numbers, band):
        """Return the place of one table a component; 0 where the scan uses none."""
        dc = kind == 0
        unused = self.progressive and (band[0] > 0 if dc else band[0] == 0)
        unused |= self.progressive and dc and band[2] > 0
        if unused:
            return [0] * len(numbers)
        if not {kind + n for n in numbers} <= self._defined:
            raise ValueError("is a damaged JPEG: it lacks a table of codes")
        return [1 + kind // 4 + n for n in numbers]

    def _check_zeros(self, start, end, used, band):
        """Refuse a long run of zero bytes where zeros do not mean flat."""
        means_flat = band[2] > 0 or not (self._tables[used, 0] & 0xFF).any()
        if not means_flat and _ZEROS.search(self.data, start, end):
            raise ValueError("is a damaged JPEG: some of its pixels are zero bytes")
