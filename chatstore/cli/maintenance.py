"""`chatstore purge` and `chatstore ping`: for operators."""

from chatstore.cli import options, output


def purge(
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Reclaim what has expired.

    Nobody can see it any more, purged or not.
    """
    with options.opened(url, cache) as store:
        removed = store.purge_expired()
    if as_json:
        output.write(output.json_line({"removed": removed}))
    else:
        output.write(f"removed {removed} expired sessions\n")


def ping(
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Ask whether the store answers and holds what chatstore needs.

    Says where the store is. Exit code 4 if it is out of reach, 5 if something is missing there.
    Nothing is written or made.
    """
    with options.opened(url, cache) as store:
        place = options.place_of(store)
        store.ping()
    document = {"ok": True, "place": place}
    output.write(output.json_line(document) if as_json else f"the store answers: {place}\n")
