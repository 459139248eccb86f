"""Files that leave the house: all of them whole, or none, and the ones before them stay."""

from collections.abc import Callable, Mapping
from pathlib import Path

from polars.exceptions import PolarsError

from billing.errors import WorldError


def write(writers: Mapping[Path, Callable[[Path], object]]) -> None:
    """Have each writer write its file beside its place; put them there once all are written.

    What is no file, such as /dev/stdout, is written to as it is. Raises WorldError where the disk does not let it.
    """
    new = {path: path if _is_device(path) else path.with_name(f".new-{path.name}") for path in writers}
    try:
        for path, writer in writers.items():
            writer(new[path])
        for path, written in new.items():
            if written != path:
                written.replace(path)
    except (OSError, PolarsError) as error:
        raise WorldError(f"{', '.join(map(str, writers))} could not be written: {error}") from error
    finally:
        for path, written in new.items():
            if written != path and written.is_file():
                written.unlink()


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
