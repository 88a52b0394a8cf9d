"""Hand a model on in its own format, as joblib, SQL or Excel, proved equal in another process first."""

from __future__ import annotations

from workbench.exports.handing_over import FORMS, Exported, export

__all__ = ["FORMS", "Exported", "export"]
