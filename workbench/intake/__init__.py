"""Files -> Table, and the shelf of portfolios."""

from workbench.intake.apart import Limits, columns_apart, private_folder, read_apart, sheets_apart, warm_up
from workbench.intake.encodings import foreign_line, likely_encoding
from workbench.intake.options import ReadOptions
from workbench.intake.portfolios import PortfolioEntry, PortfolioShelf
from workbench.intake.reading import columns, preview, read, sheets

__all__ = [
    "Limits",
    "PortfolioEntry",
    "PortfolioShelf",
    "ReadOptions",
    "columns",
    "columns_apart",
    "foreign_line",
    "likely_encoding",
    "preview",
    "read",
    "private_folder",
    "read_apart",
    "sheets",
    "sheets_apart",
    "warm_up",
]
