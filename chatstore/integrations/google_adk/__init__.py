"""Google's Agent Development Kit: `BaseSessionService` over any session store."""

from chatstore.integrations.google_adk.service import ChatStoreSessionService

__all__ = ["ChatStoreSessionService"]
