"""Whole sessions, written in place of what lies there: in one request, or, where a history is too
long for one, piece by piece under another key, and then put in its place."""

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from chatstore.clock import Moment
from chatstore.engine import StoredMessage, StoredSession, each_step
from chatstore.errors import BackendError
from chatstore.policy import MAX_HISTORY_WINDOW
from chatstore_redis import answers, scripts
from chatstore_redis.commands import Argument, command
from chatstore_redis.deployment import Deployment
from chatstore_redis.fields import INFO_FIELDS, info_fields, message_fields, window_fields
from chatstore_redis.keys import Keys
from chatstore_redis.retries import times_sent_again

PIECE_BYTES = 262_144
"""About how many bytes are sent at a time."""
_PATIENCE = 3_600
"""How many seconds a piece lies there before another must follow: what was left behind goes by
itself."""


class SessionWriter:
    """Writes sessions to where a deployment has them."""

    def __init__(self, deployment: Deployment, keys: Keys) -> None:
        self.deployment = deployment
        self.keys = keys

    def put(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        """Write a session and the messages that come before its own. False, and nothing written, if
        a live session has the id and `overwrite` is false. A history takes as long as it is: each
        request is a step."""
        aside: bytes | None = None
        head = info_fields(session.info)
        told: tuple[Argument, ...] = (
            now.seconds,
            b"overwrite" if overwrite else b"",
            head.get(b"ttl", b""),
        )
        key = self.keys.session(session.session_id)
        try:
            last: list[bytes] = []
            for piece, is_last in self._pieces(session, history):
                if is_last:
                    last = piece
                else:
                    aside = aside or self.keys.beside(session.session_id)
                    self._lay(aside, piece)
            last += _flat(head)
            if aside is None:
                with each_step():
                    return bool(self.deployment.run(scripts.PUT, key, *told, *last))
            self._lay(aside, last)
            with each_step():
                return self._install(key, aside, head, told)
        except BaseException:
            if aside is not None:
                with contextlib.suppress(Exception), each_step():
                    self.deployment.send("UNLINK", aside)
            raise

    def _install(
        self, key: bytes, aside: bytes, head: Mapping[bytes, bytes], told: Sequence[Argument]
    ) -> bool:
        before = times_sent_again()
        answer = self.deployment.run_on(scripts.INSTALL, (key, aside), *told)
        if answer != 1 and times_sent_again() != before and self._lies_at(key, head):
            return True  # by the first time that this was sent
        if answer is None:
            raise BackendError(
                f"{self.deployment.place}: what was written of this session is gone before all of "
                "it was there, evicted or removed; restore it again"
            )
        return bool(answer)

    def _pieces(
        self, session: StoredSession, history: Iterator[StoredMessage]
    ) -> Iterator[tuple[list[bytes], bool]]:
        """The fields and values of all messages by turns, in pieces; the last one says where the
        window is."""
        keeps_all = session.history is not None
        weights: deque[int] = deque(maxlen=MAX_HISTORY_WINDOW if keeps_all else None)
        piece: list[bytes] = []
        size = following = 0
        for message in chain(history, session.messages):
            for pair in message_fields((message,), start=following):
                piece += pair
            weights.append(message.weight)
            following += 1
            size += message.size
            if size >= PIECE_BYTES and keeps_all:
                yield piece, False
                piece, size = [], 0
        yield piece + _flat(window_fields(session.history, following, list(weights))), True

    def _lay(self, aside: bytes, piece: list[bytes]) -> None:
        with each_step():
            self.deployment.send_all(
                [command("HSET", aside, *piece), command("EXPIRE", aside, _PATIENCE)]
            )

    def _lies_at(self, key: bytes, head: Mapping[bytes, bytes]) -> bool:
        (answer,) = self.deployment.run_over(scripts.INFO, [key])
        info, _ = answers.info_and_messages(answer)
        return info == [head.get(name) for name in INFO_FIELDS]


def _flat(fields: Mapping[bytes, bytes]) -> list[bytes]:
    return list(chain.from_iterable(fields.items()))
