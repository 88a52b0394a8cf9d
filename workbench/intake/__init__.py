"""Files -> Table, and the shelf of portfolios."""

from workbench.intake.options import ReadOptions
from workbench.intake.portfolios import PortfolioEntry, PortfolioShelf
from workbench.intake.reading import preview, read

__all__ = ["PortfolioEntry", "PortfolioShelf", "ReadOptions", "preview", "read"]
