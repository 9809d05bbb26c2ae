"""What servers say of who is connected to them."""

from redis import Redis
from redis.cluster import RedisCluster


def connections(url: str, name: str) -> set[tuple[str, str]]:
    """The connections, by their two ends, that clients called `name` have to a server, or to any
    master of a cluster."""
    if url.startswith("redis+cluster"):
        with RedisCluster.from_url(url.replace("redis+cluster", "redis", 1)) as cluster:
            masters = cluster.get_primaries()
            found = [each for node in masters for each in cluster.client_list(target_nodes=node)]
    else:
        with Redis.from_url(url) as server:
            found = server.client_list()
    return {(each["addr"], each["laddr"]) for each in found if each["name"] == name}


def are_closed(url: str, name: str) -> bool:
    """Whether no such connection is left; servers notice a moment after a client closed it."""
    return any(not connections(url, name) for _ in range(100))
