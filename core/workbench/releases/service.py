"""Configure Update Service (C9): where releases come from, whom to trust for them, and whether that works."""

from __future__ import annotations

from pathlib import Path

from core.vocabulary import SourceCheck, UpdateSource
from core.workbench.releases.base import DeskBase


class Configuration(DeskBase):
    """What LibraryDesk inherits."""

    def configure(self, source: UpdateSource) -> UpdateSource:
        """Saves it; a trust file is copied into the configuration first. NotTrusted, SettingsInvalid, StorageFailed."""
        from dataclasses import replace

        from core.workbench.releases.origin import keep_anchor, source_of

        for place in (source.url, source.rds):
            if place:
                source_of(place, self._paths).close()
        if source.trust:
            source = replace(source, trust=str(keep_anchor(Path(source.trust), self._paths)))
        self._change_settings(
            update__source=source.url, update__rds=source.rds, update__trust=source.trust,
            update__automatic=source.automatic,
        )  # fmt: skip
        self._changed()
        return source

    def check_source(self, source: UpdateSource | None = None) -> tuple[SourceCheck, ...]:
        """Verify connection: of these values before they are saved, or of the saved ones. Never raises."""
        from core.workbench.releases.origin import check

        return check(source or self.source, self._paths)
