"""A call of a client's machine in the world: from request to request, and what it may return."""

from collections.abc import Callable, Sequence
from typing import Any

from chatstore import MessageNotFoundError, Page, SessionExistsError, SessionNotFoundError
from chatstore.cache.machine import AskCache, CallPrimary, Found, Machine, Request, Steps
from chatstore.cache.protocol import Version

from .world import ID, READS, Call, Fate, Verb, World

REFUSALS = (MessageNotFoundError, SessionExistsError, SessionNotFoundError)


def version_of(result: Any) -> Version | None:
    """The version that a read showed; None if it found nothing."""
    if isinstance(result, Page):
        return Version.of_page(result)
    return Version.of(result[ID]) if result else None


class CallUnderWay:
    """A call of a client's, from request to request."""

    def __init__(self, world: World, call: Call) -> None:
        self._world = world
        self.client = call.client
        self._verb: Verb = call.verb
        # What was over before this call began must not be seen any more.
        self.floor, self.told, self.due = world.own[call.client], world.told, world.due
        self.place: int | None = None
        """Where in history the primary answered."""
        self.arrived = True
        """Whether all that the cache was told arrived."""
        self.steps = self._begun(world.machines[call.client])
        self.request: Request | None = None
        self.held: tuple[Callable[[Any], Request], object] | None = None
        """An answer that is on its way, and how the machine is given it."""
        self._go_on(self.steps.send, None)

    @property
    def before(self) -> str | None:
        """What this call stands before; None: it is over."""
        if self.held is not None:
            return "answer"
        match self.request:
            case None:
                return None
            case AskCache():
                return "cache get"
            case CallPrimary():
                return "primary"
            case _:
                return "cache put"

    @property
    def kind(self) -> object:
        """What of this call is no place in history, and not in its machine's hands."""
        return self.client, self._verb, self.arrived, self.place is None

    @property
    def places(self) -> Sequence[int]:
        """The places in history that this call asks for, or stands at."""
        places = (self.floor, self.told, self.due)
        return places if self.place is None else (*places, self.place)

    def go(self, fate: Fate) -> None:
        """Carry out the request, or let its answer arrive."""
        world, request = self._world, self.request
        go_on: Callable[[Any], Request] = self.steps.send
        answer: object = None
        if self.held is not None:
            go_on, answer = self.held
            self.held = None
        elif isinstance(request, CallPrimary):
            try:
                answer = world.carry_out(self._verb)
            except REFUSALS as error:
                go_on, answer = self.steps.throw, error
            self.place = len(world.history) - 1
            if world.has_time:
                self.held = go_on, answer
        elif isinstance(request, AskCache):
            answer = found = world.found() if fate == "delivered" else Found([])
            if world.has_time and found.sessions:
                self.held = go_on, answer
        elif request is not None:
            self.arrived = world.deliver(fate, request)
            answer = not world.rules.minds_failures or fate in ("delivered", "after a restart")
        if self.held is None:
            self._go_on(go_on, answer)

    def _begun(self, machine: Machine) -> Steps[Any]:
        match self._verb:
            case "get":
                return machine.read([ID])
            case "glance":
                return machine.read([ID], is_part=True)
            case "leaf":
                return machine.messages(ID)
            case "append" | "again" | "amend" | "create":
                return machine.ask([ID], wrote=True)
            case "update":
                return machine.mark(ID)
            case _:
                return machine.remove(ID)

    def _go_on(self, go_on: Callable[[Any], Request], answer: object) -> None:
        self._world.machines[self.client].knowledge.now = self._world.now
        try:
            self.request = go_on(answer)
        except StopIteration as end:
            self._end(end.value)
        except REFUSALS:
            self._end(None)

    def _end(self, result: Any) -> None:
        self.request = None
        world, place = self._world, self.place
        if self._verb in READS:
            self._check(version_of(result))
        elif result and place is not None:
            world.forgot |= self._verb == "restore" and not self.arrived
            world.own[self.client] = max(world.own[self.client], place)
            world.acknowledged.append((place, world.now))
            if self.arrived:
                world.told = max(world.told, place)

    def _check(self, shown: Version | None) -> None:
        """What a read returned must have been so at some moment since: the newest that this
        client's calls, finished before it began, had shown; the newest that anybody's call had
        written and returned a lapse before it began; and, as long as no message was lost, the
        newest that anybody's finished call had written."""
        world = self._world
        if shown not in world.history[self.floor :]:
            world.faults.append(f"client {self.client} went back to {shown}")
        if shown not in world.history[self.due :]:
            world.faults.append(f"client {self.client} saw {shown}, which was over for too long")
        if not world.forgot and shown not in world.history[self.told :]:
            world.faults.append(f"client {self.client} saw {shown}, which was over")
        place = self.place
        if place is None and shown in world.history[self.floor :]:
            # Of the places at which the version stood, the earliest that it can have been.
            place = world.history.index(shown, self.floor)
        if place is not None:
            world.own[self.client] = max(world.own[self.client], place)
