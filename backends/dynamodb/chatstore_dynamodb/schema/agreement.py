"""What `chatstore schema apply` shows before it changes anything, and whether somebody agreed."""

from collections.abc import Callable

from chatstore.cli import asking, output
from chatstore.cli.failures import UsageError
from chatstore.cli.printable import printable
from chatstore_dynamodb.schema.apply import require_possible
from chatstore_dynamodb.schema.plan import Plan


def agreed(make_plans: Callable[[], list[Plan]], *, yes: bool, as_json: bool) -> list[Plan]:
    """The plans that somebody agreed to, by `yes` or by an answer. Raises `SchemaError` if one of
    them can't be done, and `UsageError` if nobody can be asked."""
    plans = make_plans()
    require_possible(plans)
    if not any(each.steps for each in plans):
        return plans
    told = _told(plans)
    attended = asking.somebody_can_answer() and not yes
    if attended or not as_json:
        output.write_error(told)
    if yes:
        return plans
    planned = f": {' '.join(told.split())}" if as_json else ""
    asking.confirm(
        "Do this?",
        "nothing was done, since nobody is there to be asked; add --yes to do it without a "
        f"question{planned}",
    )
    # The question may have waited for hours.
    present = make_plans()
    require_possible(present)
    if [each.steps for each in plans] != [each.steps for each in present]:
        raise UsageError(
            "what is missing has changed since it was shown: nothing was done; run it again"
        )
    return present


def place_document(plan: Plan) -> dict[str, object]:
    """Where a plan's table is, for programs."""
    return {
        "table": plan.definition.table_name,
        "region": plan.place.region,
        "endpoint": plan.endpoint,
        "account": plan.account,
    }


def _told(plans: list[Plan]) -> str:
    return "".join(
        f"{printable(str(each))}:\n" + "".join(f"  {printable(line)}\n" for line in each.lines())
        for each in plans
        if each.steps
    )
