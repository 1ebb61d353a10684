"""Who does something, in which role, and for whom: the machine's and the trackers' accounts become persons.

A person may act for another with `--as` where the configuration says so; they then act in the other's role,
and both names are journaled. The daemon and accounts nobody knows can approve nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from ...mapping.life import Role
from ..errors import NotAllowed
from ..record.journal import Author
from .checks import DAEMON, MACHINE, account_key
from .config import Config


@dataclass(frozen=True, slots=True)
class Identity:
    """`person` did it; where `on_behalf_of` is set, in that person's place and `role`."""

    person: str
    role: Role
    on_behalf_of: str = ""

    @property
    def persons(self) -> frozenset[str]:
        """Everyone who stands behind a decision: for "never the one who did the work"."""
        return frozenset({self.person, self.on_behalf_of} - {""})

    @property
    def may_decide(self) -> bool:
        """Whether this role can decide requests and conflicts; an item's life may ask for more."""
        return self.role in (Role.ISSO, Role.AO)


SYSTEM: Final = Identity(DAEMON, Role.SYSTEM)


def author(identity: Identity, origin: str) -> Author:
    """The identity as the journal writes it; `origin` is where it acts from: `cli`, `import`, `sync:jira`."""
    return Author(identity.person, identity.role, origin, identity.on_behalf_of)


def os_user() -> str:
    """The operating system's name of the user behind this process; the environment could say anything."""
    if os.name != "posix":
        import getpass

        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container running as a bare number
        return str(os.getuid())


def who(config: Config, user: str, acting_as: str = "") -> Identity:
    """Who is behind a command: the machine user's person, or whom they may act for. Raises NotAllowed."""
    person = _owner(config, MACHINE, user)
    if not person:
        raise NotAllowed(
            f"nobody in [people] is {MACHINE}:{user}, the user who runs this command",
            hint=f'add "{MACHINE}:{user}" to the accounts of a person in the configuration',
        )
    if acting_as in ("", person):
        return Identity(person, Role(config.people[person].role))
    if acting_as not in config.people:
        near = _near(acting_as, (person, *config.people[person].acts_for))
        hint = "--as takes a person of the configuration"
        raise NotAllowed(f"{acting_as} is not in [people]{near}", hint=hint)
    if acting_as not in config.people[person].acts_for:
        raise NotAllowed(
            f"{person} may not act for {acting_as}",
            hint=f'the configuration would have to say so: [people."{person}"] acts_for = ["{acting_as}"]',
        )
    return Identity(person, Role(config.people[acting_as].role), on_behalf_of=acting_as)


def _near(name: str, allowed: Iterable[str]) -> str:
    """Who was probably meant, of those allowed: by what stands before the @, since most share what follows."""
    known = {each.partition("@")[0].casefold(): each for each in allowed}
    close = get_close_matches(name.partition("@")[0].casefold(), known, n=1, cutoff=0.7)
    return f"; did you mean {known[close[0]]}?" if close else ""


def person_of(config: Config, connector: str, account: str) -> Identity:
    """The identity behind a tracker's account; one that nobody claims is an engineer of its own name."""
    person = _owner(config, connector, account)
    if person:
        return Identity(person, Role(config.people[person].role))
    return Identity(f"{connector}:{account}", Role.ENGINEER)


def accounts_at(config: Config, connector: str) -> frozenset[str]:
    """The accounts of a tracker that somebody in [people] has, in small letters."""
    claimed = (each.partition(":") for person in config.people.values() for each in person.accounts)
    return frozenset(name.casefold() for known, _, name in claimed if known == connector)


def _owner(config: Config, kind: str, account: str) -> str:
    wanted = account_key(config, kind, account)
    for person, claims in config.people.items():
        for claimed in claims.accounts:
            known, _, name = claimed.partition(":")
            if account_key(config, known, name) == wanted:
                return person
    return ""


def daemon(connector: str) -> Author:
    """The daemon's own hand at one connector: it restores and reports, and approves nothing."""
    return author(SYSTEM, f"sync:{connector}")
