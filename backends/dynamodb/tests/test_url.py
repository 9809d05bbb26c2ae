import pytest

from chatstore import ConfigurationError
from chatstore_dynamodb.url import Address, read_url


def test_a_table_and_its_options() -> None:
    """A URL names the table, and how to reach and read it."""
    assert read_url("dynamodb://Some_Table.x") == Address("Some_Table.x")
    url = (
        "dynamodb://t?region=eu-west-1&endpoint_url=http%3A%2F%2F127.0.0.1%3A8000&index=i"
        "&consistent_reads=false&retry_mode=adaptive"
    )
    endpoint = "http://127.0.0.1:8000"
    assert read_url(url) == Address("t", "eu-west-1", endpoint, "i", False, "adaptive")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("dynamodb://", "one looks like"),
        ("dynamodb://t/path", "one looks like"),
        ("dynamodb://t#part", "one looks like"),
        ("dynamodb://t?regoin=eu-west-1", "regoin"),
        ("dynamodb://t?region=", "region"),
        ("dynamodb://t?region", "can't be read"),
        ("dynamodb://t?consistent_reads=maybe", "true or false"),
        ("dynamodb://t?retry_mode=never", "standard"),
    ],
)
def test_a_bad_url_says_what_is_wrong(url: str, reason: str) -> None:
    """`ConfigurationError` names the part at fault."""
    with pytest.raises(ConfigurationError, match=reason):
        read_url(url)


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    """No URL of ours holds credentials, and no message repeats them, wherever they were put."""
    for url in (
        "dynamodb://AKIAXXX:topsecret@t?region=eu-west-1",
        "dynamodb://t?endpoint_url=http://AKIAXXX:topsecret@127.0.0.1:8000",
        "dynamodb://t?deadline=http://AKIAXXX:topsecret@127.0.0.1",
        "dynamodb://t?retry_mode=//AKIAXXX:topsecret@127.0.0.1",
        "dynamodb://t?consistent_reads=//AKIAXXX:topsecret@127.0.0.1",
    ):
        with pytest.raises(ConfigurationError) as raised:
            read_url(url)
        assert "topsecret" not in str(raised.value), url
        assert "akiaxxx" not in str(raised.value).lower(), url
