"""Deflate with Huffman codes and runs of one byte: what filtered pixels need."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_numpy_errors, kernel_part

__all__ = ["bound", "deflate"]

# What a stream is cut into, each part with codes of its own.
_BLOCK = 2**17
_LONGEST_CODE = 15
_LEAST_RUN, _LONGEST_RUN = 3, 258
_SHORTEST = np.uint64(8)  # a shorter run takes fewer bits as single bytes
_END = 256
_N_SYMBOLS = 286
_SYMBOL_BITS = 9
_ALL_SYMBOLS = 2**_SYMBOL_BITS - 1
# Tokens are a byte, or 256 and the length of a run: the byte before, so often.
_N_TOKENS = _END + _LONGEST_RUN + 1


def _length_symbols():
    """Return the symbol of each length of a run, its extra bits, and their number."""
    table = np.zeros((3, _LONGEST_RUN + 1), np.int64)
    symbol, length = 257, 3
    for extra in (0, 0, 1, 2, 3, 4, 5):  # four symbols each, but for the last one
        for _ in range(4):
            for value in range(2**extra):
                if length < _LONGEST_RUN:
                    table[:, length] = symbol, value, extra
                length += 1
            symbol += 1
    table[:, _LONGEST_RUN] = 285, 0, 0
    return table


_SYMBOL, _EXTRA, _N_EXTRA = _length_symbols()
_U0, _U1, _U2, _U3, _U4, _U5, _U7 = (np.uint64(x) for x in (0, 1, 2, 3, 4, 5, 7))
_BYTE, _COUNT = np.uint64(255), np.uint64(31)


def bound(n):
    """Return how many bytes at most n bytes become."""
    return n + n // 4 + 512 * (n // _BLOCK + 1)


@kernel_part
def _run(data, j, end):
    """Return how often the byte before place j is repeated from there on."""
    n, last = 0, min(end - j, _LONGEST_RUN)
    while n < last and data[j + n] == data[j - 1]:
        n += 1
    return n


@kernel_part
def _tokens(data, start, end, tokens, counts):
    """Write the tokens of data[start:end] and count their symbols; how many."""
    # Two of each: equal bytes in a row need not wait for each other's sum.
    sums, others = np.zeros(_N_SYMBOLS, np.int64), np.zeros(_N_SYMBOLS, np.int64)
    j, stop, n = np.uint64(start), np.uint64(end), _U0
    while j < stop:
        if j > _U0 and j + _SHORTEST <= stop:
            x = data[j - _U1]
            a, b, c, d = data[j], data[j + _U1], data[j + _U2], data[j + _U3]
            e, f = data[j + _U5], data[j + _U7]
            # Without `and`: one branch, as a rule taken, in place of six.
            if (a ^ x) | (b ^ x) | (c ^ x) | (d ^ x) | (e ^ x) | (f ^ x) != 0:
                tokens[n], tokens[n + _U1] = a, b
                tokens[n + _U2], tokens[n + _U3] = c, d
                sums[a] += 1
                others[b] += 1
                sums[c] += 1
                others[d] += 1
                n += _U4
                j += _U4
                continue
            length = _run(data, int(j), end)
            tokens[n] = _END + length
            sums[_SYMBOL[length]] += 1
            n += _U1
            j += np.uint64(length)
        else:
            tokens[n] = data[j]
            sums[data[j]] += 1
            n += _U1
            j += _U1
    for k in range(_N_SYMBOLS):
        counts[k] = sums[k] + others[k]
    counts[_END] = 1
    return int(n)


@kernel_part
def _sort(values):
    """Sort a few numbers in their place, by Shell's method."""
    gap = values.size // 2
    while gap > 0:
        for k in range(gap, values.size):
            value, place = values[k], k
            while place >= gap and values[place - gap] > value:
                values[place] = values[place - gap]
                place -= gap
            values[place] = value
        gap = 0 if gap == 1 else max(5 * gap // 11, 1)


@kernel_part
def _depths(nodes, n, found):
    """Find how many leaves of Huffman's tree lie at each depth, none below 15.

    `nodes` begin with the weights of the leaves, two or more, in ascending order.
    """
    parents = np.zeros(2 * n - 1, np.int64)
    leaf, inner = 0, n
    for new in range(n, 2 * n - 1):
        nodes[new] = 0
        for _ in range(2):  # the lightest two of the leaves and the joined ones
            if leaf < n and (inner >= new or nodes[leaf] <= nodes[inner]):
                k = leaf
                leaf += 1
            else:
                k = inner
                inner += 1
            nodes[new] += nodes[k]
            parents[k] = new
    depths = np.zeros(2 * n - 1, np.int64)
    for k in range(found.size):
        found[k] = 0
    for k in range(2 * n - 3, -1, -1):
        depths[k] = depths[parents[k]] + 1
        if k < n:
            found[min(depths[k], _LONGEST_CODE)] += 1
    # Leaves that were raised to depth 15 take more than all of the room there: of the
    # deepest others some go down one step, and take one of them along, until all fit.
    room = 0
    for depth in range(1, _LONGEST_CODE + 1):
        room += found[depth] << (_LONGEST_CODE - depth)
    while room > 1 << _LONGEST_CODE:
        depth = _LONGEST_CODE - 1
        while found[depth] == 0:
            depth -= 1
        found[_LONGEST_CODE] -= 1
        found[depth] -= 1
        found[depth + 1] += 2
        room -= 1


@kernel_part
def _reversed(code, n):
    out = 0
    for _ in range(n):
        out, code = (out << 1) | (code & 1), code >> 1
    return out


@kernel_part
def _codes(counts, lengths, codes):
    """Fill the lengths of the symbols' codes, and the codes, their first bit lowest."""
    n = 0
    for symbol in range(lengths.size):
        lengths[symbol] = 0
        n += counts[symbol] > 0
    used, nodes = np.zeros(n, np.int64), np.zeros(2 * n, np.int64)
    found = np.zeros(_LONGEST_CODE + 1, np.int64)
    k = 0
    for symbol in range(lengths.size):
        if counts[symbol] > 0:
            used[k] = counts[symbol] << _SYMBOL_BITS | symbol
            k += 1
    _sort(used)
    for k in range(n):
        nodes[k] = used[k] >> _SYMBOL_BITS
    _depths(nodes, n, found)
    k = 0
    for depth in range(_LONGEST_CODE, 0, -1):  # the rarest have the longest
        for _ in range(found[depth]):
            lengths[used[k] & _ALL_SYMBOLS] = depth
            k += 1
    code = 0
    for depth in range(1, _LONGEST_CODE + 1):
        for symbol in range(lengths.size):
            if lengths[symbol] == depth:
                codes[symbol] = _reversed(code, depth)
                code += 1
        code <<= 1


@kernel_part
def _table(lengths, codes, table):
    """Fill the bits of each token, above their number in the lowest five."""
    for token in range(_END + 1):
        table[token] = np.uint64((codes[token] << 5) | lengths[token])
    for length in range(_LEAST_RUN, _LONGEST_RUN + 1):
        symbol = _SYMBOL[length]
        bits = codes[symbol] | (_EXTRA[length] << lengths[symbol])
        n = lengths[symbol] + _N_EXTRA[length] + 1  # and a zero: the byte before
        table[_END + length] = np.uint64((bits << 5) | n)


@kernel_inlined
def _put(out, place, bits, n, more, n_more):
    """Add bits, 56 at most, behind n < 8 that wait; write those that fill bytes."""
    bits |= more << n
    n += n_more
    for k in range(8):  # one store: what lies too far is written over by the next one
        out[place + np.uint64(k)] = (bits >> np.uint64(8 * k)) & _BYTE
    whole = n & ~_U7
    return place + (n >> _U3), bits >> whole, n & _U7


@kernel_part
def _put_head(out, place, bits, n, lengths, last):
    """Begin a block: the lengths of its codes, in four bits each."""
    head = np.uint64(int(last) | 2 << 1 | (_N_SYMBOLS - 257) << 3 | 15 << 13)
    place, bits, n = _put(out, place, bits, n, head, np.uint64(17))
    # Of the codes of lengths, in the order of RFC 1951, those for repeats have none.
    for k in range(19):
        n_bits = np.uint64(0 if k < 3 else 4)
        place, bits, n = _put(out, place, bits, n, n_bits, np.uint64(3))
    for symbol in range(_N_SYMBOLS + 1):
        length = lengths[symbol] if symbol < _N_SYMBOLS else 1  # of the one distance
        code = np.uint64(_reversed(length, 4))
        place, bits, n = _put(out, place, bits, n, code, np.uint64(4))
    return place, bits, n


@kernel_numpy_errors
def deflate(data, out):
    """Write a stream of DEFLATE that stands for bytes.

    Parameters
    ----------
    data : ndarray of uint8, shape (n,)
        One byte or more.
    out : ndarray of uint8
        As long as :func:`bound` says.

    Returns
    -------
    int
        Bytes written.

    References
    ----------
    .. [1] P. Deutsch, "DEFLATE compressed data format specification version 1.3",
       RFC 1951 (1996).
    """
    size = data.size
    tokens = np.empty(min(size, _BLOCK) + 1, np.uint16)
    counts = np.empty(_N_SYMBOLS, np.int64)
    lengths, codes = np.zeros(_N_SYMBOLS, np.int64), np.zeros(_N_SYMBOLS, np.int64)
    table = np.zeros(_N_TOKENS, np.uint64)
    place, bits, n = _U0, _U0, _U0
    for start in range(0, size, _BLOCK):
        end = min(start + _BLOCK, size)
        n_tokens = _tokens(data, start, end, tokens, counts)
        _codes(counts, lengths, codes)
        _table(lengths, codes, table)
        place, bits, n = _put_head(out, place, bits, n, lengths, end == size)
        tokens[n_tokens] = _END
        for k in range(0, n_tokens + 1, 2):
            first = table[tokens[k]]
            second = table[tokens[k + 1]] if k < n_tokens else _U0
            more = (first >> _U5) | ((second >> _U5) << (first & _COUNT))
            n_more = (first & _COUNT) + (second & _COUNT)
            place, bits, n = _put(out, place, bits, n, more, n_more)
    return place + (n + _U7 >> _U3)
