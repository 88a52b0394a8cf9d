"""Home: where do I stand? And how the app is served: Streamlit finds `app` here when it starts."""

import streamlit as st

from workbench.ui import frame, home, serving

if __name__ == "__main__":
    with frame.page("Home", "Where do I stand?") as context:
        home.draw(context)
else:
    app = st.App(__file__, **serving.guards())
