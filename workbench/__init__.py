"""Credit-risk analyst workbench: from a monthly extract to a signed-off model and an explained decision."""
