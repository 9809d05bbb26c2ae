"""`python -m chatstore_contract_tests.parity URL …`: see `make parity`."""

import argparse
import sys
import time

from chatstore_contract_tests.parity.running import Comparison, Divergence, taken
from chatstore_contract_tests.parity.steps import source


def main() -> int:
    """Run the command line; 1 if two stores differ."""
    parser = argparse.ArgumentParser(
        prog="python -m chatstore_contract_tests.parity",
        description="The same random programs on the reference and on a namespace of its own in "
        "each URL's deployment, comparing every answer.",
    )
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_007)
    arguments = parser.parse_args()
    began = time.monotonic()

    def progress(done: int) -> None:
        if done % 2_000 == 0:
            seconds = time.monotonic() - began
            print(f"{done} steps, {done / seconds:.0f} a second", file=sys.stderr, flush=True)

    with taken(arguments.urls) as stores:
        print(f"seed {arguments.seed}: {', '.join(stores)}", flush=True)
        comparison = Comparison(stores)
        found = comparison.run(seed=arguments.seed, steps=arguments.steps, progress=progress)
        if found is not None:
            tell(found)
            print("looking for a shorter program ...", flush=True)
            tell(comparison.shortened(found))
            return 1
    seconds = time.monotonic() - began
    print(f"{arguments.steps} steps, no divergence, {seconds:.0f} s")
    return 0


def tell(found: Divergence) -> None:
    """Print where stores differ, and the program that shows it."""
    print(f"DIVERGENCE at step {found.step} of seed {found.seed}, {len(found.steps)} steps:")
    print(source(found.steps))
    for name, answer in found.answers.items():
        print(f"{name}: {answer!r}")


if __name__ == "__main__":
    sys.exit(main())
