"""Data: what did I get, and can it be used?"""

from workbench.ui import data, data_bring, data_findings, data_profile, data_roles, frame

STEPS = {
    "Bring": data_bring.draw,
    "Roles": data_roles.draw,
    "Findings": data_findings.draw,
    "Profile": data_profile.draw,
}

with frame.page("Data", "What did I get, and can it be used?") as context:
    STEPS[data.step(context)](context)
