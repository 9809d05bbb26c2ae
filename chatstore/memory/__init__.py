"""The reference store: the simplest code that keeps the promises, the oracle of the contract, and a
test double for users. It keeps its sessions in memory, and is safe to share between threads."""

from chatstore.memory.engine import MemoryEngine, MemoryStorage
from chatstore.memory.store import MemorySessionStore, open_url

__all__ = ["MemoryEngine", "MemorySessionStore", "MemoryStorage", "open_url"]
