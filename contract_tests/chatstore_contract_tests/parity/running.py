"""Runs random programs on several stores at once, and finds the shortest one that tells them
apart."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from chatstore import ChatStoreError, JsonObject, Message
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.namespaces import FreshHarness, find_namespace
from chatstore_contract_tests.parity.choices import is_outside
from chatstore_contract_tests.parity.material import POLICIES
from chatstore_contract_tests.parity.steps import Step
from chatstore_contract_tests.parity.subject import Subject
from chatstore_contract_tests.parity.writing import Writer

PROGRAM_STEPS = 100
"""How long one program is; then the next begins, with names of its own."""

REFERENCE = "memory"
"""The reference's name among the stores."""

_MOST_REPLAYS = 400
"""How often a program may be run again to make it shorter."""

Stores = Mapping[str, Callable[[], AbstractContextManager[Harness]]]
"""What is compared, by the names that reports use; the reference is one of them."""

Answers = dict[str, object]


@dataclass(frozen=True, slots=True)
class Divergence:
    """A step that two stores answered differently."""

    seed: int
    step: int
    """The number of the step in the whole run, from 1."""
    steps: Sequence[Step]
    """The program up to and with that step."""
    answers: Answers
    users: Sequence[str]
    """Whoever has sessions in the program."""


def fresh(make: FreshHarness) -> Callable[[], AbstractContextManager[Harness]]:
    """A harness that is made where it is needed, and closed afterwards."""
    return lambda: closing(make())


@contextmanager
def taken(urls: Sequence[str]) -> Iterator[Stores]:
    """The reference, and a namespace of its own in each deployment."""
    with ExitStack() as stack:
        stores = {REFERENCE: fresh(MemoryHarness)}
        for url in urls:
            name = f"chatstore-parity-{uuid4().hex[:12]}"
            fresh_harness = stack.enter_context(find_namespace(url)(url, name))
            scheme = url.partition("://")[0]
            label = scheme if scheme not in stores else f"{scheme} {len(stores)}"
            stores[label] = fresh(fresh_harness)
        yield stores


@dataclass(frozen=True)
class Comparison:
    """Stores that are held against the reference."""

    stores: Stores
    texts: bool = True
    """Whether the texts of errors must be alike."""
    clients: int = len(POLICIES)
    """How many of the policies' clients take part."""

    def run(
        self, *, seed: int, steps: int, progress: Callable[[int], None] = lambda _: None
    ) -> Divergence | None:
        """Run programs of `steps` steps in all; None if every answer was alike everywhere."""
        done = 0
        with self._subjects() as subjects:
            for number in range(-(-steps // PROGRAM_STEPS)):
                length = min(PROGRAM_STEPS, steps - done)
                found = self._run_program(subjects, f"{seed}/{number}", length)
                if found is not None:
                    return replace(found, seed=seed, step=done + found.step)
                done += length
                progress(done)
        return None

    def shortened(self, divergence: Divergence, *, seconds: float | None = None) -> Divergence:
        """The divergence with as few steps as leaving out one after the other leads to; or as few
        as were reached in so many seconds."""
        best = divergence
        ends = None if seconds is None else time.monotonic() + seconds
        replays = 0
        # Larger pieces first: most of a program has nothing to do with it.
        size = max(1, len(best.steps) // 2)
        while True:
            position = 0
            while position < len(best.steps) - 1 and replays < _MOST_REPLAYS:
                if ends is not None and time.monotonic() >= ends:
                    return best
                fewer = [*best.steps[:position], *best.steps[position + size :]]
                replays += 1
                found = self._replay(fewer, best.users) if fewer else None
                if found is None:
                    position += size
                else:
                    steps, answers = found
                    best = replace(best, steps=steps, answers=answers)
            if size == 1:
                return best
            size //= 2

    def _run_program(
        self, subjects: dict[str, Subject], label: str, length: int
    ) -> Divergence | None:
        """One program; where answers differ, if they do."""
        reference = subjects[REFERENCE]
        writer = Writer(
            random.Random(label),  # noqa: S311 - no secret
            label,
            _documents(reference),
            reference.clocks,
            clients=self.clients,
        )
        program: list[Step] = []
        for subject in subjects.values():
            subject.reset()
        for step in _written(writer, length):
            program.append(step)
            answers = _answers(step, subjects)
            if _differ(answers):
                _clear(subjects, writer.users)
                return Divergence(0, len(program), program, answers, writer.users)
            writer.learn(step, answers[REFERENCE])
            if step.arguments[1:2] == ("get",):
                _back_up(writer, reference, step)
        return None

    def _replay(
        self, steps: Sequence[Step], users: Sequence[str]
    ) -> tuple[list[Step], Answers] | None:
        with self._subjects() as subjects:
            try:
                for position, step in enumerate(steps):
                    if is_outside(step, _documents(subjects[REFERENCE])):
                        return None
                    try:
                        answers = _answers(step, subjects)
                    except Exception:  # noqa: BLE001 - the reference can't, without those left out
                        return None
                    if _differ(answers):
                        return list(steps[: position + 1]), answers
            finally:
                _clear(subjects, users)
        return None

    @contextmanager
    def _subjects(self) -> Iterator[dict[str, Subject]]:
        with ExitStack() as stack:
            subjects: dict[str, Subject] = {}
            for name, open_harness in self.stores.items():
                harness = stack.enter_context(open_harness())
                subject = stack.enter_context(closing(Subject(harness, texts=self.texts)))
                subjects[name] = subject
            yield subjects


def _documents(reference: Subject) -> Mapping[str, JsonObject]:
    assert isinstance(reference.harness, MemoryHarness)
    return reference.harness.storage.documents


def _written(writer: Writer, length: int) -> Iterator[Step]:
    """The program's steps, each chosen when the one before has been done."""
    for _ in range(length):
        yield writer.next()
    yield from writer.closing()


def _answers(step: Step, subjects: Mapping[str, Subject]) -> Answers:
    """What each store answers; what is none of chatstore's errors is an answer too."""
    answers = {REFERENCE: step.run(subjects[REFERENCE])}
    for name in subjects.keys() - answers.keys():
        try:
            answers[name] = step.run(subjects[name])
        except Exception as error:  # noqa: BLE001 - a defect of the store, and told as one
            answers[name] = error
    return answers


def _clear(subjects: Mapping[str, Subject], users: Sequence[str]) -> None:
    """Leave nothing for the next program; a store that differs may fail at that too."""
    for subject in subjects.values():
        with suppress(Exception):
            subject.clear(users)


def _back_up(writer: Writer, reference: Subject, step: Step) -> None:
    """Keep what the reference shows: the value of `creation_id` is each store's own."""
    client, _, session_id = step.arguments[:3]
    store = reference.stores[client]
    with suppress(ChatStoreError):
        session = store.get(session_id)
        before: list[Message] = []
        if session.keeps_history:
            before += store.iter_messages(session_id, newest_first=False)
            del before[len(before) - len(session.messages) :]
        writer.keep(session.model_copy(update={"creation_id": None}), before)


def _differ(answers: Answers) -> bool:
    expected = answers[REFERENCE]
    return any(answer != expected for answer in answers.values())
