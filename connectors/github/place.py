"""The repository as it is known by now: its id, its present name, and which issues are in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..settings import GithubSettings
from .naming import number_in
from .wire import Wire

Row = Mapping[str, Any]


class Place:
    """Looks the id up once, if nobody gives it; the name again whenever an issue seems to be elsewhere."""

    def __init__(self, wire: Wire, settings: GithubSettings) -> None:
        self.id: int | None = None
        self._owner: Row | None = None
        self._wire = wire
        self._settings = settings
        self._name = settings.repository

    @property
    def home(self) -> str:
        """The address that stays when the repository is renamed, and that no redirect ever meets."""
        return f"/repositories/{self.known_id()}"

    def known_id(self) -> int:
        """The repository's id."""
        return self.id if self.id is not None else int(self.look()["id"])

    def look(self) -> Row:
        """The repository as it is now, by id once that is known, else by name."""
        path = f"/repos/{self._settings.repository}" if self.id is None else f"/repositories/{self.id}"
        row: Row = self._wire.read(path).data
        self.id, self._name = int(row["id"]), str(row["full_name"])
        self._owner = row["owner"]
        return row

    def owner(self) -> Row:
        """Whose repository it is: a user's or an organisation's."""
        owner: Row = self._owner or self.look()["owner"]
        return owner

    def holds(self, issue: Row) -> bool:
        """Whether an issue is here, under whatever name the repository has by now."""
        return self._is_called(repository_of(issue))

    def number_in(self, key: str) -> str:
        """The number of an issue by what people call it. Raises Rejected when that is no issue of ours."""
        return number_in(key, self._settings.repository, self._settings.base_url, self._is_called)

    def _is_called(self, name: str) -> bool:
        if name.casefold() != self._name.casefold():
            self.look()
        return name.casefold() in (self._name.casefold(), self._settings.repository.casefold())


def repository_of(issue: Row) -> str:
    """The repository that an issue is in, as `acme/web`."""
    return "/".join(str(issue["repository_url"]).rsplit("/", 2)[1:])
