"""Moves a slot of a cluster from one master to another, step by step as `redis-cli` does."""

from redis.cluster import ClusterNode, RedisCluster

from chatstore_redis.deployment import Deployment
from redis_support.proxy import address

_CHUNK = 10


def migrate_slot(url: str, slot: int) -> None:
    """Move a slot, with all its keys, to the next master."""
    host, port = address(url)
    with RedisCluster(host, port) as cluster:
        found: list[ClusterNode] = cluster.get_primaries()
        masters = sorted(found, key=lambda node: str(node.name))
        source = masters.index(cluster.nodes_manager.slots_cache[slot][0])
        target = (source + 1) % len(masters)
        others = [node for node in masters if node not in (masters[source], masters[target])]
        _move(masters[source], masters[target], others, slot)


def _move(source: ClusterNode, target: ClusterNode, others: list[ClusterNode], slot: int) -> None:
    here, there = _link(source), _link(target)
    here_id, there_id = here.send("CLUSTER", "MYID"), there.send("CLUSTER", "MYID")
    there.send("CLUSTER", "SETSLOT", slot, "IMPORTING", here_id)
    here.send("CLUSTER", "SETSLOT", slot, "MIGRATING", there_id)
    while keys := here.send("CLUSTER", "GETKEYSINSLOT", slot, _CHUNK):
        here.send("MIGRATE", target.host, target.port, "", 0, 5_000, "KEYS", *keys)
    for link in (there, here, *map(_link, others)):
        link.send("CLUSTER", "SETSLOT", slot, "NODE", there_id)


def _link(node: ClusterNode) -> Deployment:
    assert node.redis_connection is not None
    return Deployment(node.redis_connection)
