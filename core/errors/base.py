"""The root of every error of Passbay. Pure: no I/O."""

from __future__ import annotations


class ProductError(Exception):
    """Anything that the product says no with. `code` is stable and short, for support and scripts."""

    code = "PB-000"
    default_advice = "Note the code and ask support."

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice or self.default_advice
        # filled in where the step is known (core/diagnosis/explain): on the instance, because errors travel by vars()
        self.explanation = ""
        self.state_now = ""

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def page(self) -> str:
        """The name of the help page that says most about it."""
        return self.code
