"""The feeds of one process, and the streams that are open on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.feeds.health import HealthFeed
from api.feeds.open_streams import OpenStreams
from api.feeds.selections import SelectionFeed


@dataclass(frozen=True)
class Feeds:
    """One set for each process."""

    selections: SelectionFeed
    health: HealthFeed
    open_streams: OpenStreams


def feeds_of(request: Request) -> Feeds:
    """What create_app() put together."""
    feeds: Feeds = request.app.state.feeds
    return feeds


GivenFeeds = Annotated[Feeds, Depends(feeds_of)]
