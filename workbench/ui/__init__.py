"""The app's frame and the parts of its pages; what they show is computed in the rooms below."""
