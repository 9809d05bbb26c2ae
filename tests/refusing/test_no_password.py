"""A password in a URL is in no error, whatever else is wrong with the URL."""

from importlib.metadata import entry_points

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import ChatStoreError, open_store
from chatstore.opening import CACHE_ENTRY_POINT_GROUP, ENTRY_POINT_GROUP
from sweeps import sweep

SECRET = "Zq9hush"  # noqa: S105  made up
STORES = sorted({each.name for each in entry_points(group=ENTRY_POINT_GROUP)} | {"unknown"})
CACHES = sorted({each.name for each in entry_points(group=CACHE_ENTRY_POINT_GROUP)} | {"unknown"})

REST = st.text(st.sampled_from("/?&=:@%#[].é 0a"), max_size=8)


@sweep(200)
@given(
    scheme=st.sampled_from(STORES),
    cache=st.sampled_from([None, *CACHES]),
    user=st.sampled_from(["", "me"]),
    # A port that nobody listens on: what opens, opens without a request, or fails at once.
    host=st.sampled_from(["", "127.0.0.1:1", "127.0.0.1:x", "table"]),
    rest=REST,
)
def test_an_error_quotes_no_password(
    scheme: str, cache: str | None, user: str, host: str, rest: str
) -> None:
    """Of a store's URL and of a cache's, on every engine."""
    place = f"://{user}:{SECRET}@{host}{rest}"
    try:
        if cache is None:
            open_store(f"{scheme}{place}", cache="").close()
        else:
            open_store("memory://", cache=f"{cache}{place}").close()
    except ChatStoreError as error:
        told: BaseException | None = error
        while told is not None:
            # Causes are shown by --verbose; what core and the backends say is asked here.
            if isinstance(told, ChatStoreError) and SECRET in str(told):
                pytest.fail(f"{type(told).__name__} quotes the password")
            told = told.__cause__
