"""Random numbers within a simulation: SplitMix64, whose state is one number.

Its own, not numpy's: a generator whose state is a field of a row is compiled into the loop, and
gives the same numbers on every machine. Steele, Lea, Flood: "Fast splittable pseudorandom number
generators", OOPSLA 2014, https://doi.org/10.1145/2660193.2660195 . `state` is a row with a field
`random`, an unsigned 64-bit integer: the seed at first.
"""

import math

import numpy as np

from comparison.forecast.kernels.compiled import Array, Row, compiled

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_TO_UNIT = 2.0**-53


@compiled
def uniform(state: Row) -> float:
    """From 0 up to, but not including, 1."""
    mixed = state.random + _STEP
    state.random = mixed
    mixed = (mixed ^ (mixed >> _S30)) * _MIX_1
    mixed = (mixed ^ (mixed >> _S27)) * _MIX_2
    return float((mixed ^ (mixed >> _S31)) >> _S11) * _TO_UNIT


@compiled
def exponential(state: Row) -> float:
    """With mean 1."""
    return -math.log(1.0 - uniform(state))


@compiled
def pick(state: Row, tables: Array, number: int) -> float:
    """One of the values of a table, each as likely as the others."""
    return float(tables[number, int(uniform(state) * tables.shape[1])])
