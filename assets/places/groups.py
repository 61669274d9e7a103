"""Sums, firsts and best entries of groups in sorted arrays, for all groups at once.

Here: what `assets/places/resolve.py` and the modules that it calls do with arrays, whatever the arrays mean.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def starts(key: Array) -> Array:
    """Return where runs of equal keys begin."""
    return np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])


def largest(group: Array, value: Array) -> Array:
    """Return the first entry of the largest value of each group; groups must be sorted."""
    if not len(group):
        return np.zeros(0, np.int64)
    first = starts(group)
    run = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(group))))
    largest = np.flatnonzero(value == np.maximum.reduceat(value, first)[run])
    return largest[starts(run[largest])]


def flags(positions: Array, size: int) -> Array:
    """Return an array of ``size`` that is true at the positions."""
    flags = np.zeros(size, bool)
    flags[positions] = True
    return flags


def sums(key: Array, value: Array) -> tuple[Array, Array]:
    """Sum values by key; the keys come back sorted."""
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    first = starts(key)
    return key[first], np.add.reduceat(value, first) if len(first) else value


def best_of(group: Array, score: Array, size: int) -> tuple[Array, Array]:
    """Per group: entry of the best score (-1 = none) and its log odds against the others and against nothing.

    Groups must be sorted.
    """
    best, odds = np.full(size, -1), np.full(size, -np.inf)
    if not len(group):
        return best, odds
    first = starts(group)
    leader = largest(group, score)
    top = score[leader]
    others = np.add.reduceat(np.exp(score - np.repeat(top, np.diff(np.append(first, len(group))))), first) - 1
    best[group[first]] = leader
    odds[group[first]] = top - np.logaddexp(0, np.log(np.maximum(others, 1e-300)) + top)
    return best, odds


def differ(group: Array, value: Array, size: int) -> Array:
    """Say of each group whether it holds different values."""
    least, most = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(least, group, value)
    np.maximum.at(most, group, value)
    return least < most
