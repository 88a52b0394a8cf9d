"""The kinds of model, one file a kind, in one table from which menus, choices and messages come."""

from __future__ import annotations

from workbench.errors import InputError
from workbench.families import lightgbm, logistic, random_forest, scorecard, xgboost
from workbench.families.family import Family, FitSpec, Fitted

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        logistic.FAMILY,
        scorecard.FAMILY,
        random_forest.FAMILY,
        xgboost.FAMILY,
        lightgbm.FAMILY,
    )
}


def find(name: str) -> Family:
    """Return the family called `name`.

    Raises
    ------
    InputError
        ``FAMILY``, listing those there are.
    """
    if name not in FAMILIES:
        raise InputError(
            "FAMILY", f"there is no family {name!r}", remedy=f"Take one of: {', '.join(FAMILIES)}."
        )
    return FAMILIES[name]


def warm_up() -> None:
    """Load the engine that scores the trees of most families: whoever scores first would wait for it."""
    import lightgbm  # noqa: F401


__all__ = ["FAMILIES", "Family", "FitSpec", "Fitted", "find", "warm_up"]
