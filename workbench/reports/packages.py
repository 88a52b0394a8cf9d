"""Which packages a report was drawn with."""

from __future__ import annotations

PACKAGES = ("credit-workbench", "numpy", "pandas", "scikit-learn", "lightgbm", "scipy")


def packages() -> str:
    """Return the packages that figures hang on, with their versions."""
    from importlib.metadata import PackageNotFoundError, version

    told = []
    for package in PACKAGES:
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:  # run from a folder that was never installed
            told.append(f"{package} not installed")
    return ", ".join(told)
