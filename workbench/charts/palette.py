"""Colours that mean the same on every page, in the light theme and in the dark one."""

from __future__ import annotations

GOODS = "#2563eb"
BADS = "#d97706"
GREY = "#7c8798"
REFERENCE = "rgba(128,128,128,.6)"
GRID = "rgba(128,128,128,.22)"
FAINT = "rgba(128,128,128,.5)"

# models and groups: none is the blue of goods or the orange of bads
GROUPS = ("#0d9488", "#8b5cf6", "#db2777", "#65a30d", "#a16207", "#0891b2", GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SAMPLES = {
    "development": "#64748b",
    "validation": "#0891b2",
    "calibration": "#0d9488",
    "hold-out": "#8b5cf6",
    "out-of-time": "#db2777",
    "indeterminate": FAINT,
}
EFFECTS = {"raises": BADS, "lowers": GOODS, "mixed": GREY}
DECISIONS = {
    "approve": "rgba(37,99,235,.28)",
    "refer": "rgba(128,128,128,.28)",
    "decline": "rgba(217,119,6,.38)",
}


def group_line(position: int) -> dict[str, object]:
    """Return colour and dash of the line of the model or group at `position`."""
    return {
        "color": GROUPS[position % len(GROUPS)],
        "dash": DASHES[position % len(DASHES)],
        "width": 2,
    }
