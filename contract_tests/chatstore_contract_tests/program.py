"""The state machine's steps as a program: what a person pastes to see a difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chatstore import Message, RetentionPolicy
from chatstore.record.encode import raw_document

_HEAD = """\
# Runs the steps on the store that CHATSTORE_URL names (an empty one), or else on the reference.
import datetime
import os

from chatstore import ManualClock, MemorySessionStore, MemoryStorage, Message, RetentionPolicy
from chatstore import open_store

storage, clients, clocks, cursors, backups = MemoryStorage(), {}, {}, [None], []


def open_client(number, policy):
    clock = clocks[number] = ManualClock(datetime.datetime.fromisoformat(%(start)r))
    if "CHATSTORE_URL" in os.environ:
        clients[number] = open_store(policy=policy, clock=clock)
    else:
        clients[number] = MemorySessionStore(storage, policy=policy, clock=clock)


def show(call, *arguments, **options):
    try:
        result = call(*arguments, **options)
    except Exception as error:
        result = None
        print(f"{type(error).__name__}: {error}")
    else:
        print(repr(result))
    return result


def scan_all(store):
    found, cursor = [], None
    while True:
        page = store.scan(limit=3, cursor=cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return sorted(found, key=lambda session: session.session_id)


"""


@dataclass(frozen=True)
class Written:
    """A value that a program writes otherwise than the machine has it."""

    code: str
    value: object


def code(value: object) -> str:
    """A value as Python that makes it."""
    match value:
        case Written():
            return value.code
        case Message():
            return f"Message.model_validate({raw_document(value)!r})"
        case list():
            return f"[{', '.join(map(code, value))}]"
        case _:
            return repr(value)


def plain_value(value: object) -> object:
    """The value itself, of a `Written` too."""
    if isinstance(value, list):
        return [plain_value(each) for each in value]
    return value.value if isinstance(value, Written) else value


def call_code(method: str, arguments: Sequence[object], options: Mapping[str, object]) -> str:
    """A step: `method`, as an expression, called with these."""
    given = [method, *map(code, arguments)]
    given += [f"{name}={code(value)}" for name, value in options.items()]
    return f"show({', '.join(given)})"


@dataclass
class Program:
    """The steps so far."""

    start: str
    policies: Sequence[RetentionPolicy]
    steps: list[str] = field(default_factory=list)

    def text(self, expected: object, actual: object) -> str:
        """The whole program; its last step is the one that was answered otherwise."""
        used = [n for n in range(len(self.policies)) if any(f"[{n}]" in s for s in self.steps)]
        clients = [f"open_client({number}, {self.policies[number]!r})" for number in used]
        told = [f"# expected: {expected}", f"# answered: {actual}"]
        return _HEAD % {"start": self.start} + "\n".join([*clients, "", *self.steps, *told]) + "\n"
