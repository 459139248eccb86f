"""The faults of faults.toml, put into the running code and taken out again."""

import importlib
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """`before` stands in the module exactly once; the fault is to have written `after`."""

    module: str
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.module.rpartition('.')[2]}: {self.name}"


def mutants() -> list[Mutant]:
    faults = tomllib.loads((HERE / "faults.toml").read_text(encoding="utf-8"))
    return [Mutant(module, name, *texts) for module, named in faults.items() for name, texts in named.items()]


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The module runs with the fault in it, wherever it was imported to: functions get other code, constants other
    values. Raises ValueError where the text does not stand there once."""
    module = importlib.import_module(mutant.module)
    file = Path(str(module.__file__))
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.before) != 1:
        raise ValueError(f"faults.toml: {mutant}: {mutant.before!r} stands {text.count(mutant.before)} times in it")
    faulty = ModuleType(mutant.module)
    exec(compile(text.replace(mutant.before, mutant.after), str(file), "exec"), faulty.__dict__)
    undo = [(one, one.__code__) for one, _ in _pairs(vars(module), vars(faulty))]
    constants = {name: value for name, value in vars(module).items() if name.isupper()}
    try:
        for one, other in _pairs(vars(module), vars(faulty)):
            one.__code__ = other.__code__
        vars(module).update({name: vars(faulty)[name] for name in constants})
        yield
    finally:
        for one, code in undo:
            one.__code__ = code
        vars(module).update(constants)


def _pairs(mine: Any, theirs: Any) -> Iterator[tuple[FunctionType, FunctionType]]:
    """The functions of a module, or of its classes, and those of the same names in another."""
    for name, one in mine.items():
        one, other = (getattr(each, "fget", each) for each in (one, theirs.get(name)))
        if isinstance(one, FunctionType) and isinstance(other, FunctionType):
            yield one, other
        elif isinstance(one, type) and isinstance(other, type) and one.__module__ == other.__module__:
            yield from _pairs(vars(one), vars(other))
