"""python-tuf's fetcher on one of our sources: hard byte limits, no temporary files, and what was asked last."""

from __future__ import annotations

from collections.abc import Iterator

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface

from core.releases.sources.base import NotThere, Source

_UNSAID = 5_000_000


class SourceFetcher(FetcherInterface):
    """`last`: the path of the last request, which tells the step of the workflow in which something was wrong."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.last = ""

    def _fetch(self, url: str) -> Iterator[bytes]:
        return iter((self.download_bytes(url, _UNSAID),))

    def download_bytes(self, url: str, max_length: int) -> bytes:
        self.last = url.rpartition("/")[2]
        try:
            return self._source.read(url, max_length)
        except NotThere as problem:
            # 403 and 404 on the next root mean that the current one is the newest (TUF, 5.3.3)
            raise DownloadHTTPError(
                problem.message, problem.status if problem.status in (403, 404) else 404
            ) from problem
