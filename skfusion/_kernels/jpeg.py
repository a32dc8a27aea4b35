"""Follow the Huffman codes of a JPEG scan without decoding a pixel."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._jit import kernel

# What walk_scan returns: the image is whole, or the first thing found wrong.
WHOLE, ENDS_EARLY, NO_CODE, TOO_MANY, NO_RESTART, LEFT_OVER, OUT_OF_RANGE = range(7)

# Places of the state of the bit reader.
_AT, _BITS, _COUNT, _PHANTOM, _EOBRUN = range(5)


@kernel
def _fill(data, stop, state):
    """Load bytes until 32 bits are there; zeros, counted, from a marker on."""
    at, bits, count = state[_AT], state[_BITS], state[_COUNT]
    while count <= 32:
        byte, step = 0, 0
        if at < stop:
            byte, step = np.int64(data[at]), 1
            if byte == 0xFF:
                if at + 1 < stop and data[at + 1] == 0:
                    step = 2
                else:
                    byte, step = 0, 0
        if step == 0:
            state[_PHANTOM] += 8
        at += step
        bits = ((bits << 8) | byte) & 0xFFFFFFFFFFFF
        count += 8
    state[_AT], state[_BITS], state[_COUNT] = at, bits, count


@kernel
def _take(data, stop, state, n):
    """Return the next n bits, 16 at most."""
    if n == 0:
        return np.int64(0)
    if state[_COUNT] < n:
        _fill(data, stop, state)
    state[_COUNT] -= n
    return (state[_BITS] >> state[_COUNT]) & ((1 << n) - 1)


@kernel
def _symbol(data, stop, state, tables, which):
    """Return the next Huffman symbol, -1 where there is no such code."""
    if state[_COUNT] < 16:
        _fill(data, stop, state)
    entry = np.int64(tables[which, (state[_BITS] >> (state[_COUNT] - 16)) & 0xFFFF])
    state[_COUNT] -= entry >> 8
    return entry & 0xFF if entry else np.int64(-1)


@kernel
def _dc(data, stop, state, tables, which, before, shift, limit):
    """Follow a first DC value; return what is wrong and the value."""
    size = _symbol(data, stop, state, tables, which)
    if size < 0 or size > 15:
        return NO_CODE, before
    value = _take(data, stop, state, size)
    if size > 0 and value < 1 << (size - 1):
        value -= (1 << size) - 1
    value += before
    if abs(value << shift) > limit:
        return OUT_OF_RANGE, value
    return WHOLE, value


@kernel
def _ac_first(data, stop, state, tables, which, first, last, runs, shown):
    """Follow the AC values of a block; return what is wrong and which are there."""
    if state[_EOBRUN] > 0:
        state[_EOBRUN] -= 1
        return WHOLE, shown
    status, k = WHOLE, first
    # The state in variables of its own: here is where all the time goes.
    at, bits, count = state[_AT], state[_BITS], state[_COUNT]
    while k <= last:
        if count < 32:  # enough for a code and its value
            word, plain = np.int64(0), at + 4 <= stop
            if plain:
                for i in range(4):
                    byte = np.int64(data[at + i])
                    plain &= byte != 0xFF
                    word = (word << 8) | byte
            if plain:
                bits = ((bits & ((1 << count) - 1)) << 32) | word
                at, count = at + 4, count + 32
            else:
                state[_AT], state[_BITS], state[_COUNT] = at, bits, count
                _fill(data, stop, state)
                at, bits, count = state[_AT], state[_BITS], state[_COUNT]
        entry = np.int64(tables[which, (bits >> (count - 16)) & 0xFFFF])
        if entry == 0:
            status = NO_CODE
            break
        count -= entry >> 8
        run, size = (entry >> 4) & 15, entry & 15
        if size == 0:
            if run == 15:
                k += 16
                continue
            if runs:
                count -= run
                state[_EOBRUN] = (1 << run) + ((bits >> count) & ((1 << run) - 1)) - 1
            elif run > 0:
                status = NO_CODE
            k = last + 1
            break
        k += run
        if k > last:
            status = TOO_MANY
            break
        count -= size
        shown |= np.uint64(1) << np.uint64(k)
        k += 1
    state[_AT], state[_BITS], state[_COUNT] = at, bits, count
    if k > last + 1 and status == WHOLE:
        status = TOO_MANY
    return status, shown


@kernel
def _ac_refined(data, stop, state, tables, which, first, last, shown):
    """Follow one more bit of the AC values of a block."""
    k = first
    if state[_EOBRUN] == 0:
        while k <= last:
            symbol = _symbol(data, stop, state, tables, which)
            if symbol < 0:
                return NO_CODE, shown
            run, size = symbol >> 4, symbol & 15
            if size > 1:
                return NO_CODE, shown
            if size == 0 and run < 15:
                state[_EOBRUN] = (1 << run) + _take(data, stop, state, run)
                break
            _take(data, stop, state, size)
            while k <= last:
                if (shown >> np.uint64(k)) & np.uint64(1):
                    _take(data, stop, state, 1)
                elif run == 0:
                    break
                else:
                    run -= 1
                k += 1
            if size == 1:
                if k > last:
                    return TOO_MANY, shown
                shown |= np.uint64(1) << np.uint64(k)
            k += 1
    if state[_EOBRUN] > 0:
        while k <= last:
            if (shown >> np.uint64(k)) & np.uint64(1):
                _take(data, stop, state, 1)
            k += 1
        state[_EOBRUN] -= 1
    return WHOLE, shown


@kernel
def _left_over(data, stop, state):
    """Whether bits other than padding lie between here and the next marker."""
    # The byte that was begun is filled up with whatever the writer likes.
    whole = (state[_COUNT] - state[_PHANTOM]) // 8 * 8
    if whole > 0:
        rest = (state[_BITS] >> state[_PHANTOM]) & ((1 << whole) - 1)
        if rest != 0 and rest != (1 << whole) - 1:
            return True
    at = state[_AT]
    while at < stop and not (data[at] == 0xFF and at + 1 < stop and data[at + 1] != 0):
        if data[at] != 0 and data[at] != 0xFF:
            return True
        at += 1
    state[_AT] = at
    return False


@kernel
def walk_scan(
    data,
    start,
    stop,
    units,
    interval,
    progressive,
    band,
    tables,
    used,
    blocks,
    shown,
    limits,
):
    """Follow one scan from its first code to the marker behind it.

    Parameters
    ----------
    data : uint8 (n,)
    start, stop : int
        First byte of the codes; end of the file.
    units : int
        MCUs of the scan.
    interval : int
        MCUs between two restart markers, 0 for none.
    progressive : bool
    band : int64 (4,)
        First and last coefficient, high and low bit position.
    tables : uint16 (t, 65536)
        Codes: length * 256 + symbol for each next 16 bits.
    used : int64 (c, 2)
        DC and AC table of each component.
    blocks : int64 (c, 5)
        Of each component: blocks across and down an MCU, MCUs a row, blocks a row of
        `shown`, first block in `shown`.
    shown : uint64 (m,)
        Which coefficients of each block are not zero, so far; changed.
    limits : int64 (c,)
        Largest DC value.

    Returns
    -------
    status : int
    at : int
        Byte of the marker behind the codes.
    """
    state = np.zeros(5, np.int64)
    state[_AT] = start
    n = blocks.shape[0]
    before = np.zeros(n, np.int64)
    restarts = 0
    for unit in range(units):
        if interval > 0 and unit > 0 and unit % interval == 0:
            if state[_COUNT] < state[_PHANTOM]:
                return ENDS_EARLY, state[_AT]
            if _left_over(data, stop, state):
                return LEFT_OVER, state[_AT]
            at = state[_AT]
            while at + 1 < stop and data[at + 1] == 0xFF:
                at += 1
            if at + 1 >= stop:
                return ENDS_EARLY, at
            if data[at + 1] != 0xD0 + restarts % 8:
                return NO_RESTART, at
            restarts += 1
            state[:] = 0
            state[_AT] = at + 2
            before[:] = 0
        for c in range(n):
            across, down = blocks[c, 0], blocks[c, 1]
            row, column = unit // blocks[c, 2] * down, unit % blocks[c, 2] * across
            for y in range(down):
                for x in range(across):
                    place = blocks[c, 4] + (row + y) * blocks[c, 3] + column + x
                    status = WHOLE
                    if not progressive:
                        status, before[c] = _dc(
                            data,
                            stop,
                            state,
                            tables,
                            used[c, 0],
                            before[c],
                            0,
                            limits[c],
                        )
                        if status == WHOLE:
                            status, _ = _ac_first(
                                data,
                                stop,
                                state,
                                tables,
                                used[c, 1],
                                1,
                                63,
                                False,
                                np.uint64(0),
                            )
                    elif band[0] == 0 and band[2] == 0:
                        status, before[c] = _dc(
                            data,
                            stop,
                            state,
                            tables,
                            used[c, 0],
                            before[c],
                            band[3],
                            limits[c],
                        )
                    elif band[0] == 0:
                        _take(data, stop, state, 1)
                    elif band[2] == 0:
                        status, shown[place] = _ac_first(
                            data,
                            stop,
                            state,
                            tables,
                            used[c, 1],
                            band[0],
                            band[1],
                            True,
                            shown[place],
                        )
                    else:
                        status, shown[place] = _ac_refined(
                            data,
                            stop,
                            state,
                            tables,
                            used[c, 1],
                            band[0],
                            band[1],
                            shown[place],
                        )
                    if state[_COUNT] < state[_PHANTOM]:
                        return ENDS_EARLY, state[_AT]
                    if status != WHOLE:
                        return status, state[_AT]
    if _left_over(data, stop, state):
        return LEFT_OVER, state[_AT]
    return WHOLE, state[_AT]
