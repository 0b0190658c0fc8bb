"""Which gateways' keys were revoked, followed while people do it.

Role in the flow: stage 9. Context: host. A revocation is a finding that a person made (`tocsin revoke`): append-only
like every other, so it is never taken back.
"""

from .store import Store


class Revocations:
    """The names of the gateways that are heard no more, as `store` has them."""

    def __init__(self, store: Store) -> None:
        """Raises: StoreError."""
        self.names: set[str] = set()
        self._store = store
        self._seen = 0
        self.look()

    def look(self) -> set[str]:
        """Names that were revoked since the last call. Cheap where no finding was made. Raises: StoreError."""
        made = self._store.findings_made()
        if made == self._seen:
            return set()
        new = {finding.gateway for finding in self._store.revoked(self._seen)} - self.names
        self._seen = made
        self.names |= new
        return new
