"""Whatever stands in the environment, in AWS's files, in the URL or in an argument: a store opens
and its calls answer, or what is wrong is one of chatstore's own errors."""

from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import ChatStoreError, open_store
from chatstore_dynamodb import DynamoDBSessionStore
from sweeps import sweep

from .calls import CALLS
from .dynamodb_harness import REGION
from .hostile import (
    DEADLINE,
    FILES,
    SECRET,
    WORDS,
    environment,
    variables,
    works_or_says_why,
)

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("aws")
    paths = [folder / f"{index}" for index in range(len(FILES))]
    for path, text in zip(paths, FILES, strict=True):
        path.write_text(text)
    return [*map(str, paths), str(folder), "/nonexistent"]


texts = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20
)


@sweep(25, long=5_000)
@given(
    changes=st.dictionaries(st.sampled_from(variables()), texts, min_size=1, max_size=3),
    call=st.sampled_from(sorted(CALLS)),
    own_region=st.booleans(),
)
def test_any_variable(endpoint: str, changes: dict[str, str], call: str, own_region: bool) -> None:
    """Every variable that boto3 reads, with any value."""
    region = REGION if own_region else None
    with environment(changes):
        works_or_says_why(
            lambda: DynamoDBSessionStore.connect(
                "table", region=region, endpoint_url=endpoint, deadline=DEADLINE
            ),
            call,
        )


@sweep(25, long=5_000)
@given(changes=st.dictionaries(st.sampled_from(variables()), texts, min_size=1, max_size=2))
def test_any_variable_without_an_endpoint(changes: dict[str, str]) -> None:
    """The same where the endpoint is AWS's, or the variable's."""
    with environment({"AWS_REGION": REGION, **changes}):
        works_or_says_why(lambda: DynamoDBSessionStore.connect("table", deadline=DEADLINE), "get")


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_any_file(endpoint: str, files: list[str], variable: str) -> None:
    """AWS's files in every state: not there, a folder, garbage, half a credential, a program that
    fails, prints nonsense or hangs, a role that can't be assumed, an unknown mode."""
    for path in files:
        without = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", variable: path}
        # To open takes ten seconds where a program hangs.
        patience = mock.patch("chatstore_dynamodb.store.DEFAULT_DEADLINE", 1.0)
        with environment(without), patience:
            works_or_says_why(
                lambda: DynamoDBSessionStore.connect(
                    "table", region=REGION, endpoint_url=endpoint, deadline=DEADLINE
                ),
                "get",
            )


OPTIONS = ["region", "endpoint_url", "index", "consistent_reads", "retry_mode", "deadline", "other"]


@sweep(25, long=5_000)
@given(
    options=st.dictionaries(st.sampled_from(OPTIONS), texts, max_size=3),
    table=texts,
    escaped=st.booleans(),
    call=st.sampled_from(sorted(CALLS)),
)
def test_any_url(
    endpoint: str, options: dict[str, str], table: str, escaped: bool, call: str
) -> None:
    """Every option of a URL, and the name in it, with any value, escaped or not."""
    given_options = {"region": REGION, "endpoint_url": endpoint, "deadline": "0.3", **options}

    def written(text: str) -> str:
        return quote(text, safe="", errors="surrogatepass") if escaped else text

    query = "&".join(f"{name}={written(value)}" for name, value in given_options.items())
    url = f"dynamodb://{written(table)}?{query}"
    with environment({}):
        works_or_says_why(lambda: open_store(url), call)  # type: ignore[arg-type, return-value]


anything = texts | st.none() | st.integers() | st.floats() | st.booleans() | st.binary(max_size=5)


@sweep(25, long=5_000)
@given(
    table=anything,
    arguments=st.dictionaries(
        st.sampled_from(
            ["region", "endpoint_url", "retry_mode", "index_name", "consistent_reads", "deadline"]
        ),
        anything | st.lists(texts, max_size=2),
        max_size=3,
    ),
)
def test_any_argument(endpoint: str, table: Any, arguments: dict[str, Any]) -> None:
    """Every argument of `connect`, of any type."""
    given_arguments: dict[str, Any] = {"region": REGION, "endpoint_url": endpoint, "deadline": 0.3}
    given_arguments |= arguments
    with environment({}):
        works_or_says_why(lambda: DynamoDBSessionStore.connect(table, **given_arguments), "get")


@pytest.mark.parametrize("between", ["", " ", "\n", "@", "/", "//", "?", "é" * 60])
@pytest.mark.parametrize("name", ["table_name", "index_name", "retry_mode", "region"])
def test_no_password_in_a_name(endpoint: str, name: str, between: str) -> None:
    """A URL where a name belongs: its password is not in the error, whatever it is made of and
    however long it is."""
    before, after = f"{SECRET}-1", f"{SECRET}-2"
    given_arguments: dict[str, Any] = {
        "table_name": "table",
        "region": REGION,
        "endpoint_url": endpoint,
        "deadline": DEADLINE,
        name: f"http://user:{before}{between}{after}@host",
    }
    with environment({}), pytest.raises(ChatStoreError) as raised:
        DynamoDBSessionStore.connect(**given_arguments).ping()
    assert before not in str(raised.value)
    assert after not in str(raised.value)
