"""Which version of the product this is. Asks the installation's metadata, nothing else."""

from __future__ import annotations


def product_version() -> str:
    """E.g. "0.1.0"; "" where the program is run from sources that were never installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("passbay")
    except PackageNotFoundError:
        return ""
