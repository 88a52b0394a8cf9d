"""Registry: which version is in use, and why?"""

from workbench.ui import frame, removal, versions

with frame.page("Registry", "Which version is in use, and why?") as context:
    rows = versions.rows_of(context)
    versions.detail(context, versions.listing(context, rows), rows)
    removal.draw()
