"""The whole contract in one class: derive from it, and give it a harness."""

from chatstore_contract_tests.amending import AmendingBehaviour
from chatstore_contract_tests.append import AppendBehaviour
from chatstore_contract_tests.concurrency import ConcurrencyBehaviour
from chatstore_contract_tests.content import ContentBehaviour
from chatstore_contract_tests.corruption import CorruptionBehaviour
from chatstore_contract_tests.counted_out import CountedOutBehaviour
from chatstore_contract_tests.door import DoorBehaviour
from chatstore_contract_tests.expiry import ExpiryBehaviour
from chatstore_contract_tests.foreign import ForeignBehaviour
from chatstore_contract_tests.history import HistoryBehaviour
from chatstore_contract_tests.history_life import HistoryLifeBehaviour
from chatstore_contract_tests.hostile_input import HostileInputBehaviour
from chatstore_contract_tests.identifiers import IdentifiersBehaviour
from chatstore_contract_tests.lifecycle import LifecycleBehaviour
from chatstore_contract_tests.maintenance import MaintenanceBehaviour
from chatstore_contract_tests.message_pages import MessagePagesBehaviour
from chatstore_contract_tests.numbers import NumbersBehaviour
from chatstore_contract_tests.ownership import OwnershipBehaviour
from chatstore_contract_tests.paging import PagingBehaviour
from chatstore_contract_tests.precedence import PrecedenceBehaviour
from chatstore_contract_tests.rebuilt import RebuiltBehaviour
from chatstore_contract_tests.resending import ResendingBehaviour
from chatstore_contract_tests.retries import RetriesBehaviour
from chatstore_contract_tests.rewriting import RewritingBehaviour
from chatstore_contract_tests.rewriting_history import RewritingHistoryBehaviour
from chatstore_contract_tests.sequences import SequencesBehaviour
from chatstore_contract_tests.sessions import SessionsBehaviour
from chatstore_contract_tests.state import StateBehaviour
from chatstore_contract_tests.updates import UpdatesBehaviour
from chatstore_contract_tests.user_queries import UserQueriesBehaviour
from chatstore_contract_tests.window import WindowBehaviour


# pytest runs the tests of the last base first: simple calls first, the state machine last.
class SessionStoreContract(
    SequencesBehaviour,
    CountedOutBehaviour,
    HistoryLifeBehaviour,
    MessagePagesBehaviour,
    RewritingHistoryBehaviour,
    HistoryBehaviour,
    MaintenanceBehaviour,
    LifecycleBehaviour,
    ConcurrencyBehaviour,
    ForeignBehaviour,
    CorruptionBehaviour,
    IdentifiersBehaviour,
    RebuiltBehaviour,
    DoorBehaviour,
    HostileInputBehaviour,
    ContentBehaviour,
    NumbersBehaviour,
    PrecedenceBehaviour,
    OwnershipBehaviour,
    PagingBehaviour,
    UserQueriesBehaviour,
    ExpiryBehaviour,
    AmendingBehaviour,
    StateBehaviour,
    UpdatesBehaviour,
    RewritingBehaviour,
    WindowBehaviour,
    ResendingBehaviour,
    RetriesBehaviour,
    AppendBehaviour,
    SessionsBehaviour,
):
    """Every promise that a `SessionStore` makes, each proved by a test that says it."""
