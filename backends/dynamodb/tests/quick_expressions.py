"""moto's reading of expressions, without what it does again and again.

moto parses an expression three times in each request, and every request of the same kind once more.
An update's tree is copied and gone through ten times, and each of its nodes is asked by every
check whether it is of the check's concern; what two of the checks ask of the whole tree, they ask
of each of its branches.
"""

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing import ast_nodes, expressions, validators
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

Shortcut = tuple[Any, str, object]
"""Where it is put, under which name, and what is put there."""

_usual_lexing: Callable[[Any], Any] = getattr(  # noqa: B009
    ConditionExpressionParser, "_lex_condition_expression"
)

# moto takes these two modules out of its own type checks.
Node: Any = vars(ast_nodes)["Node"]
DepthFirstTraverser: Any = vars(ast_nodes)["DepthFirstTraverser"]
UpdateExpressionParser: Any = vars(expressions)["UpdateExpressionParser"]

_usual_parse = ConditionExpressionParser.parse


@lru_cache(1000)
def _lexed(expression: str) -> tuple[Any, ...]:
    return tuple(_usual_lexing(ConditionExpressionParser(expression, {}, {})))


def _lex(self: Any) -> deque[Any]:
    return deque(_lexed(self.condition_expression))


class _Conditions:
    """The last condition that was parsed, which the same request has parsed again."""

    def __init__(self) -> None:
        self._last: tuple[Any, ...] = (None,) * 6

    def parse(self, parser: Any) -> Any:
        """The condition of the parser, and what it names."""
        expression, names, values, *parsed = self._last
        if (
            parser.condition_expression != expression
            or parser.expression_attribute_names is not names
            or parser.expression_attribute_values is not values
            or values is None
        ):
            condition = _usual_parse(parser)
            self._last = (
                parser.condition_expression,
                parser.expression_attribute_names,
                parser.expression_attribute_values,
                condition,
                parser.expr_attr_names_found,
                parser.expr_attr_values_found,
            )
            return condition
        condition, names_found, values_found = parsed
        parser.expr_attr_names_found = [*names_found]
        parser.expr_attr_values_found = [*values_found]
        return condition


_conditions = _Conditions()


def _parse(self: Any) -> Any:
    return _conditions.parse(self)


def _matches(_self: Any, nodes: deque[Any], production: list[str]) -> bool:
    if len(nodes) < len(production):
        return False
    for node, wanted in zip(nodes, production, strict=False):
        if node.nonterminal != wanted and wanted != "*":
            return False
    return True


def _copied(thing: Any) -> Any:
    """Of a tree as it was parsed: its leaves hold texts and numbers."""
    if not _is_of(type(thing), Node):
        return deepcopy(thing)
    made = object.__new__(type(thing))
    made.type, made.parent, made.children = thing.type, None, thing.children
    if thing.children is not None:
        made.children = [_copied(child) for child in thing.children]
        for child in made.children:
            if _is_of(type(child), Node):
                child.parent = made
    return made


# By the class, since to ask abstract classes takes longer.
_is_of: Callable[[Any, Any], bool] = lru_cache(None)(issubclass)


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    classes = self.nodes_to_be_processed()
    hook = type(self).pre_processing_of_child
    announced = hook is not DepthFirstTraverser.pre_processing_of_child

    def walk(node: Any, child_id: int) -> Any:
        kind = type(node)
        if not _is_of(kind, Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if announced:
                hook(self, node, number)
            walk(child, number)
        if _is_of(kind, classes):
            node = self.process(node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    return walk(node, child_id)


def _process_the_whole(self: Any, node: Any) -> Any:
    return self.process(node)


QUICK_EXPRESSIONS: tuple[Shortcut, ...] = (
    (ConditionExpressionParser, "_lex_condition_expression", _lex),
    (ConditionExpressionParser, "parse", _parse),
    (ConditionExpressionParser, "_matches", _matches),
    (UpdateExpressionParser, "make", lru_cache(1000)(UpdateExpressionParser.make)),
    (validators, "deepcopy", _copied),
    (DepthFirstTraverser, "traverse_node_recursively", _traverse),
    (OverlappingPathsValidator, "traverse", _process_the_whole),
    (ActionCountValidator, "traverse", _process_the_whole),
)
