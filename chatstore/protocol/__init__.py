"""The two protocols: what callers use, and what operators use, on the same object."""

from chatstore.protocol.maintenance import MaintainedSessionStore, Maintenance, require_store
from chatstore.protocol.sessions import SessionStore

__all__ = ["MaintainedSessionStore", "Maintenance", "SessionStore", "require_store"]
