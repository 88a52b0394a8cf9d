"""What is decided with a model: its cut-offs and bands, as values and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.cli import output
from workbench.errors import ArtifactError

if TYPE_CHECKING:
    from workbench.desk import Desk


def told(desk: Desk, model_id: str) -> dict[str, Any]:
    """Return a model's policy and bands; None with the reason where the model cannot be verified.

    Each band has its PDs, the points at its safer edge, and what is decided at its two edges.
    """
    import numpy as np

    from workbench.scoring import points

    try:
        model = desk.model(model_id)
    except ArtifactError as error:
        return {"policy": None, "policy_reason": str(error), "bands": []}
    policy, scale = model.policy, model.portfolio.points
    edges = (0.0, *policy.band_edges, 1.0)
    bands = []
    for band, low, high in zip(policy.bands, edges[:-1], edges[1:], strict=True):
        cuts = [cut for cut in (policy.approve_below, policy.decline_from) if low < cut < high]
        decisions = dict.fromkeys(policy.decide(p_bad) for p_bad in (low, *cuts))
        scored = [int(at) for at in points(scale, np.array([low, high]))]
        bands.append(
            {"band": band, "p_bad_from": low, "p_bad_to": high, "points_to": scored[0]}
            | {"points_from": scored[1], "decisions": list(decisions)}
        )
    return {"policy": policy.to_json(), "bands": bands}


def show(decided: Mapping[str, Any]) -> None:
    """Write the policy and its bands."""
    policy = decided["policy"]
    if policy is None:
        output.note(f"The policy cannot be shown: {decided['policy_reason']}")
        return
    approve, decline = (
        output.figure("mean_p_bad", policy[name]) for name in ("approve_below", "decline_from")
    )
    output.line(f"\nPolicy: approve below a PD of {approve}, decline from {decline}, refer between.")
    if policy["source"]:
        output.line(f"The cut-offs are {policy['source']}.")
    rows = [
        (
            b["band"],
            output.figure("mean_p_bad", b["p_bad_from"]),
            output.figure("mean_p_bad", b["p_bad_to"]),
            f"{b['points_from']} to {b['points_to']}",
            " or ".join(b["decisions"]),
        )
        for b in decided["bands"]
    ]
    output.table("", ("band", "PD from", "to below", "points", "decision"), rows)
