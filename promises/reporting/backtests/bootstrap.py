"""How sure a figure is: whole days are drawn again and again, and the figure taken of each draw.

Tickets of one day wait in the same queue, so they are not independent; days nearly are. Drawing
single tickets would claim far too narrow a range.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 2_000
FEWEST_DAYS = 2
_SEED = 19_990_201
_BOUNDS = (2.5, 97.5)
_PRODUCTS_ALONE = 200_000

Table = NDArray[np.float64]


@lru_cache(maxsize=4)
def day_weights(days: int) -> Table:
    """How often each of `days` days was drawn in each of DRAWS draws; the same ones every time.
    Ten years take 58 MB."""
    chance = np.random.Generator(np.random.PCG64(_SEED))
    drawn = chance.multinomial(days, np.full(days, 1 / days), size=DRAWS)
    weights: Table = drawn.astype(np.float64)
    weights.setflags(write=False)
    return weights


def drawn(columns: NDArray[Any]) -> Table:
    """The sum of each column in each draw, from a row a day; whole numbers, so in any order.

    A few rows at a time, each few enough for the library to multiply them in this thread alone:
    its threads wait for each other, and on a busy machine that takes twenty times as long."""
    weights = day_weights(len(columns))
    table = columns.astype(np.float64)
    at_once = max(_PRODUCTS_ALONE // table.size, 1)
    found = np.empty((DRAWS, table.shape[1]))
    for start in range(0, DRAWS, at_once):
        np.matmul(weights[start : start + at_once], table, out=found[start : start + at_once])
    return found


def bounds(figures: Table) -> list[tuple[float, float] | None]:
    """The middle 95 per cent of each column over the draws; None where no draw had a figure."""
    ordered = np.sort(figures, axis=0)  # what is not a number comes last
    found: list[tuple[float, float] | None] = []
    for column in ordered.T:
        known = column[: np.count_nonzero(~np.isnan(column))]
        if not len(known):
            found.append(None)
            continue
        low, high = np.percentile(known, _BOUNDS)
        found.append((float(low), float(high)))
    return found


def share_bounds(part: NDArray[Any], whole: NDArray[Any]) -> list[tuple[float, float] | None]:
    """Of tables with a row a day and a column a figure: the bounds of sum(part) / sum(whole)."""
    if len(part) < FEWEST_DAYS:
        return [None] * part.shape[1]
    parts, wholes = drawn(part), drawn(whole)
    shares = np.full(parts.shape, np.nan)
    np.divide(parts, wholes, out=shares, where=wholes > 0)
    return bounds(shares)


def sum_bounds(amounts: NDArray[Any]) -> list[tuple[float, float] | None]:
    """Of a table with a row a day: the bounds of each column's sum."""
    if len(amounts) < FEWEST_DAYS:
        return [None] * amounts.shape[1]
    return bounds(drawn(amounts))
