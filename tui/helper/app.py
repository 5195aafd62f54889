"""The part of the app that knows helpers: a helper is refused what is not his, a technician takes the vehicle back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App

from tui.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from tui.desk import Desk


class HelperApp(App[None]):
    """What PassbayApp inherits. `helping`: somebody in a browser who helps from afar sits here."""

    helping = False
    desk: Desk | None
    toast: Callable[[str, str], None]

    @staticmethod
    def helper_screen() -> Screen[Any]:
        from tui.screens.helper import HelperScreen

        return HelperScreen()

    def begin_helping(self) -> bool:
        """From now on the vehicle of this PC comes to the desk by itself. False for everybody else."""
        if self.helping and self.desk is not None:
            self.desk.helper.look()
            self.set_interval(1.0, self.desk.helper.look)
        return self.helping

    def heed_the_wheel(self) -> None:
        """The vehicle was taken back: what was about to be confirmed is void."""
        desk = self.desk
        if desk is None or not desk.helper.taken_back:
            return
        from tui.screens.dialogs import Dialog

        desk.helper.taken_back = False
        while isinstance(self.screen, Dialog):
            self.pop_screen()

    async def run_action(self, action: Any, default_namespace: Any = None, namespaces: Any = None) -> bool:
        """Of a helper, places and app do what stands in allowed.py; widgets and dialogs are free."""
        if self.helping and isinstance(action, str) and self._of_a_place(action, default_namespace):
            from tui.helper.allowed import refusal

            why = refusal(self.desk, action) if self.desk is not None else "..."
            if why:
                self.toast(why, "information")
                return True
        return await super().run_action(action, default_namespace, namespaces)

    @staticmethod
    def _of_a_place(action: str, namespace: object) -> bool:
        from tui.screens.base import Place

        return namespace is None or action.startswith("app.") or isinstance(namespace, Place | App)

    def not_for_helpers(self, place: str) -> bool:
        """Whether this place is refused, with a toast."""
        from tui.helper.allowed import NOT_FOR_HELPERS, PLACES

        refused = self.helping and place not in PLACES
        if refused:
            self.toast(NOT_FOR_HELPERS, "information")
        return refused

    def action_undo(self) -> None:
        """The same key that undoes elsewhere: what was handed over comes back."""
        if self.desk is not None and self.desk.lent_to:
            self.desk.take_back()
        else:
            self.toast(_("The vehicle is not handed over to anybody."), "information")
