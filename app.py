"""Home: where do I stand?"""

from workbench.ui import frame, home

with frame.page("Home", "Where do I stand?") as context:
    home.draw(context)
