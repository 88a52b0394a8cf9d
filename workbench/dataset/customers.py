"""Whose row each is, and whole customers dealt into parts, goods and bads as evenly as they allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def customers(group: pd.Series) -> np.ndarray:
    """Return a number for each row's customer; a row without one is a customer of its own; shape (n,)."""
    text = group.fillna("").astype("str")
    codes, names = pd.factorize(text)
    alone = (text == "").to_numpy()
    return np.where(alone, len(names) + np.arange(len(codes)), codes)


def deal(
    customer: np.ndarray, bad: np.ndarray, shares: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Return which share each row falls to, all rows of a customer to the same.

    Parameters
    ----------
    customer : array of int, shape (n,)
    bad : array of bool, shape (n,)
    shares : sequence of float
        Adding to 1; 0 gets nobody.

    Notes
    -----
    Customers with as many goods and as many bads are alike. Kind by kind, the largest first, each part
    gets its share in whole customers at random, more where it is behind in goods and bads so far, less
    where it is ahead; so the many small customers make up for the few large ones.
    """
    _, code = np.unique(customer, return_inverse=True)
    size = int(code.max()) + 1 if len(code) else 0
    n_bad = np.bincount(code[bad], minlength=size)
    content = np.stack([np.bincount(code, minlength=size) - n_bad, n_bad], axis=1)
    kinds, kind = np.unique(content, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    share = np.asarray(shares, dtype=float)
    whole = np.maximum(content.sum(axis=0), 1)
    behind = np.zeros((len(share), 2))
    part = np.zeros(size, dtype=np.int64)
    shuffled = rng.permutation(size)
    ordered = shuffled[np.argsort(kind[shuffled], kind="stable")]
    ends = np.cumsum(np.bincount(kind, minlength=len(kinds)))
    # the loop runs over kinds of customers, not over customers
    for k in np.argsort(-kinds.sum(axis=1), kind="stable"):
        members = ordered[(ends[k - 1] if k else 0) : ends[k]]
        counts = _counts(share, len(members), behind, kinds[k] / whole)
        behind += (share * len(members) - counts)[:, None] * (kinds[k] / whole)
        part[members] = np.repeat(np.arange(len(share)), counts)
    return part[code]


def _counts(share: np.ndarray, members: int, behind: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Return how many of `members` customers of one kind each part gets; whole numbers."""
    wanted = share * members + behind @ content / (content @ content)
    wanted = np.where(share > 0, np.maximum(wanted, 0.0), 0.0)
    wanted *= members / wanted.sum() if wanted.sum() > 0 else 0.0
    counts = np.floor(wanted + 1e-9).astype(np.int64)
    left = members - counts.sum()
    first = np.argsort(-np.where(share > 0, wanted - counts, -1.0), kind="stable")
    counts[first[:left]] += 1
    return counts
