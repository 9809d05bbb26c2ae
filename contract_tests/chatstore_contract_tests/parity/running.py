"""Runs random programs on several stores at once, and finds the shortest one that tells them
apart."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from chatstore import ChatStoreError
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.namespaces import FreshHarness, find_namespace
from chatstore_contract_tests.parity.steps import Step
from chatstore_contract_tests.parity.subject import Subject
from chatstore_contract_tests.parity.writing import Writer

PROGRAM_STEPS = 200
"""How long one program is; then the next begins, with names of its own."""

_MOST_REPLAYS = 400
"""How often a program may be run again to make it shorter."""

Stores = dict[str, FreshHarness]
"""What is compared, by the names that reports use; the reference comes first."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """A step that two stores answered differently."""

    seed: int
    step: int
    """The number of the step in the whole run, from 1."""
    steps: Sequence[Step]
    """The program up to and with that step."""
    answers: dict[str, object]


@contextmanager
def taken(urls: Sequence[str]) -> Iterator[Stores]:
    """The reference, and a namespace of its own in each deployment."""
    with ExitStack() as stack:
        stores: Stores = {"memory": MemoryHarness}
        for url in urls:
            name = f"chatstore-parity-{uuid4().hex[:12]}"
            fresh_harness = stack.enter_context(find_namespace(url)(url, name))
            scheme = url.partition("://")[0]
            label = scheme if scheme not in stores else f"{scheme} {len(stores)}"
            stores[label] = fresh_harness
        yield stores


def run(
    stores: Stores, *, seed: int, steps: int, progress: Callable[[int], None]
) -> Divergence | None:
    """Run programs of `steps` steps in all; None if every answer was alike everywhere."""
    done = 0
    with _subjects(stores) as subjects:
        for number in range(-(-steps // PROGRAM_STEPS)):
            found = _run_program(subjects, seed, number, min(PROGRAM_STEPS, steps - done))
            if found is not None:
                program, answers = found
                return Divergence(seed, done + len(program), program, answers)
            done += min(PROGRAM_STEPS, steps - done)
            progress(done)
    return None


def shortened(stores: Stores, divergence: Divergence) -> Divergence:
    """The divergence with as few steps as leaving out one after the other leads to."""
    best = divergence
    replays = 0
    # Larger pieces first: most of a program has nothing to do with it.
    size = max(1, len(best.steps) // 2)
    while True:
        position = 0
        while position < len(best.steps) - 1 and replays < _MOST_REPLAYS:
            fewer = [*best.steps[:position], *best.steps[position + size :]]
            replays += 1
            found = _replay(stores, fewer) if fewer else None
            if found is None:
                position += size
            else:
                steps, answers = found
                best = Divergence(best.seed, best.step, steps, answers)
        if size == 1:
            return best
        size //= 2


def _run_program(
    subjects: dict[str, Subject], seed: int, number: int, length: int
) -> tuple[list[Step], dict[str, object]] | None:
    """One program; up to where answers differ, if they do."""
    reference = subjects["memory"]
    assert isinstance(reference.harness, MemoryHarness)
    writer = Writer(
        random.Random(f"{seed}/{number}"),  # noqa: S311 - no secret
        f"{seed}/{number}",
        reference.harness.storage.documents,
        reference.clocks,
    )
    program: list[Step] = []
    for subject in subjects.values():
        subject.reset_clocks()
    closing: list[Step] | None = None
    for position in range(10**6):
        if position < length:
            step = writer.next()
        else:
            closing = writer.closing() if closing is None else closing
            if not closing:
                break
            step = closing.pop(0)
        program.append(step)
        answers = {name: step.run(subject) for name, subject in subjects.items()}
        if _differ(answers):
            return program, answers
        writer.learn(step, answers["memory"])
        if step.arguments[1:2] == ("get",):
            _back_up(writer, reference, step)
    return None


def _back_up(writer: Writer, reference: Subject, step: Step) -> None:
    """Keep what the reference shows: the value of `creation_id` is each store's own."""
    client, _, session_id = step.arguments[:3]
    with suppress(ChatStoreError):
        writer.keep(reference.stores[client].get(session_id))


def _replay(stores: Stores, steps: Sequence[Step]) -> tuple[list[Step], dict[str, object]] | None:
    with _subjects(stores) as subjects:
        for position, step in enumerate(steps):
            try:
                answers = {name: step.run(subject) for name, subject in subjects.items()}
            except Exception:  # noqa: BLE001 - a step that only makes sense after one left out
                return None
            if _differ(answers):
                return list(steps[: position + 1]), answers
    return None


def _differ(answers: dict[str, object]) -> bool:
    expected = answers["memory"]
    return any(answer != expected for answer in answers.values())


@contextmanager
def _subjects(stores: Stores) -> Iterator[dict[str, Subject]]:
    subjects: dict[str, Subject] = {}
    try:
        for name, fresh_harness in stores.items():
            subjects[name] = Subject(fresh_harness())
        yield subjects
    finally:
        for subject in subjects.values():
            subject.close()
