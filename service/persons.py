"""The people of the desk as values: who acts, with which rights, from where."""

from msgspec import Struct

from service.vocabulary import Role


class Device(Struct, frozen=True):
    """Where a session was started: the browser in a few words, and the network, not the address."""

    browser: str = ""
    network: str = ""


class Step(Struct, frozen=True):
    """Half of a sign-in: who came with a password or a link, and still owes a code.

    `standing` changes with the password, so that no older step leads in.
    """

    moderator_id: int
    standing: str


class Actor(Struct, frozen=True):
    """Who acts on the moderators' side: a name for the audit, a role for each site or for all.

    `grants` maps a site id to a role; the key None covers every site. `moderator_id` is the
    person's, None for an API token, which is no person whatever its name.
    """

    name: str
    grants: dict[int | None, Role]
    moderator_id: int | None = None

    def may(self, role: Role, site_id: int) -> bool:
        """Whether this actor has at least `role` on the site."""
        held = self.grants.get(site_id) or self.grants.get(None)
        return held is not None and held.includes(role)

    @property
    def moderates(self) -> bool:
        """Whether there is a site where this actor decides."""
        return any(role.includes(Role.MODERATOR) for role in self.grants.values())

    @property
    def leads(self) -> bool:
        """Whether there is a site where this actor is admin."""
        return any(role.includes(Role.ADMIN) for role in self.grants.values())

    @property
    def rules(self) -> bool:
        """Whether this actor is admin of every site there is or will be."""
        return self.grants.get(None) == Role.ADMIN

    def site_ids(self, role: Role = Role.VIEWER) -> frozenset[int] | None:
        """The sites where this actor has at least `role`; None means every site."""
        everywhere = self.grants.get(None)
        if everywhere is not None and everywhere.includes(role):
            return None
        return frozenset(s for s, r in self.grants.items() if s is not None and r.includes(role))
