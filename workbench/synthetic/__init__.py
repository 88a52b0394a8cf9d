"""Made data of shipped portfolios: seeded, dated, with a signal as weak as that of real loans."""

from __future__ import annotations

from workbench.synthetic.recipes import RECIPES, Recipe, find, generate

__all__ = ["RECIPES", "Recipe", "find", "generate"]
