"""Money faults to seed: what a slip of the hand makes of the rating modules, and the faults listed in faults.toml.

A mutant is one change of one module's text. Slips come from the syntax tree: a comparison that is off by its edge or
turned round, another operator, a number one off, a condition turned round, one name of a pair taken for the other.
"""

import ast
import copy
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# By module the functions that are about money; none named: all, and the constants.
MODULES: dict[str, set[str]] = {
    "billing.money": set(),
    "billing.rating": set(),
    "billing.rollups": set(),
    "billing.metering": set(),
    "billing.bill": set(),
    "billing.shares": set(),
    "billing.changes": set(),
    "billing.statement": {"totals", "line_row", "month_to_date", "final_at", "state_of", "state", "_uncontracted"},
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
MISTAKEN = {
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "any": "all",
    "start": "end",
    "end": "start",
    "after": "before",
    "before": "after",
    "quantity": "included",
    "included": "quantity",
    "committed": "on_demand",
    "on_demand": "committed",
    "commit_price": "on_demand_price",
    "on_demand_price": "commit_price",
    "committed_price": "on_demand_price",
    "commit_units": "commit_price",
    "committed_amount": "on_demand_amount",
    "on_demand_amount": "committed_amount",
    "on_demand_quantity": "quantity",
    "ROUND_HALF_UP": "'ROUND_HALF_EVEN'",
}


@dataclass(frozen=True)
class Mutant:
    """`module` with `before` turned into `after` in `function`; `source` is the whole text that makes."""

    module: str
    function: str
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}.{self.function}:\n    - {self.before}\n    + {self.after}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is called in equivalents.toml; moving lines does not change it."""
        return self.module, self.function, self.before, self.after


def mutants(module: str) -> list[Mutant]:
    """Every seeded fault of a module, each once."""
    text = path_of(module).read_text(encoding="utf-8")
    found = {mutant.source: mutant for mutant in [*_slips(module, text), *_listed(module, text)]}
    return list(found.values())


def path_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def _listed(module: str, text: str) -> Iterator[Mutant]:
    """The faults of faults.toml. Raises ValueError for one whose text is not there exactly once."""
    faults = tomllib.loads((HERE / "faults.toml").read_text(encoding="utf-8"))
    for name, (before, after) in faults.get(module, {}).items():
        if text.count(before) != 1:
            raise ValueError(f"faults.toml: {module}: {name}: {before!r} stands {text.count(before)} times in it")
        yield Mutant(module, name, before, after, text.replace(before, after))


def _slips(module: str, text: str) -> Iterator[Mutant]:
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for function, node in _money_nodes(ast.parse(text), MODULES[module]):
        first, last = starts[node.lineno - 1], starts[node.end_lineno or node.lineno]
        begin, end = first + node.col_offset, starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        raw = text.encode()
        for new in _slips_of(node):
            changed = raw[:begin] + new.encode() + raw[end:]
            lines = (raw[first:last], raw[first:begin] + new.encode() + raw[end:last])
            before, after = (" ".join(line.decode().split()) for line in lines)
            yield Mutant(module, function, before, after, changed.decode())


def _money_nodes(tree: ast.Module, functions: set[str]) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    """What can slip, with the function it is in: no annotations, no texts for people, no docstrings."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and not functions:
            yield from (("", node) for node in _within(statement))
        for function in ast.walk(statement):
            if isinstance(function, ast.FunctionDef) and (not functions or function.name in functions):
                yield from ((function.name, node) for node in function.decorator_list if ast.unparse(node) == "exact")
                for part in function.body:
                    yield from ((function.name, node) for node in _within(part))


def _within(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    texts = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if texts or isinstance(node, ast.FunctionDef | ast.JoinedStr | ast.Raise | ast.Assert):
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    for name, value in ast.iter_fields(node):
        if name != "annotation":
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _within(child)


def _slips_of(node: ast.expr | ast.stmt) -> Iterator[str]:
    """The texts that could stand there by mistake."""
    match node:
        case ast.Compare(ops=[op]):
            yield from (_with(node, ops=[other()]) for other in COMPARISONS[type(op)])
        case ast.BinOp(op=op):
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.AugAssign(op=op):
            yield ast.unparse(ast.AugAssign(node.target, OPERATORS[type(op)](), node.value))
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield f"({ast.unparse(node.operand)})"
        case ast.IfExp():
            yield _with(node, body=node.orelse, orelse=node.body)
        case ast.Constant(value=value):
            yield from _other_values(value)
        case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
            yield from _other_names(node)


def _other_values(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(not value)
    elif isinstance(value, int):
        yield from (str(value + 1), f"({value - 1})")
    elif isinstance(value, str) and value:
        yield '""'


def _other_names(node: ast.Name | ast.Attribute) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        if node.attr in MISTAKEN:
            yield _with(node, attr=MISTAKEN[node.attr])
    elif node.id == "exact":
        yield "(lambda function: function)"
    elif node.id in MISTAKEN:
        yield MISTAKEN[node.id]


def _with(node: ast.expr, **changes: object) -> str:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return f"({ast.unparse(changed)})"
