"""Loaded by every Python whose PYTHONPATH names this folder: lets one machine be several PCs in a test.

PASSBAY_TEST_TRAITS holds the four raw machine traits, parted by "|". It is no door of the product: nothing in `core`
or `tui` knows the name, and this folder is in no package.
"""

import os
import sys

_TRAITS = os.environ.get("PASSBAY_TEST_TRAITS", "")


class _Patching:
    """Patches the module when it is imported: importing it here would cost every process of the test its start."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != "core.licence.hardware.traits":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module):  # type: ignore[no-untyped-def]
            run(module)
            module.read_traits = lambda: module.Traits(tuple(_TRAITS.split("|")))

        spec.loader.exec_module = exec_module
        return spec


if _TRAITS:
    sys.meta_path.insert(0, _Patching())
