"""The command line: every verb calls the desk and tells what came out, as tables or as JSON."""

from __future__ import annotations

from workbench.cli.app import app, main

__all__ = ["app", "main"]
