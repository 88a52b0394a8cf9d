"""A portfolio guessed from a table, for the analyst to confirm."""

from workbench.proposal.drafting import propose
from workbench.proposal.making import build_portfolio, difference, title_of
from workbench.proposal.values import ROLES, Guess, Proposal

__all__ = ["ROLES", "Guess", "Proposal", "build_portfolio", "difference", "propose", "title_of"]
