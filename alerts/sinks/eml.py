"""Messages as .eml files: for a first try, a dry run, or a mail program that a person sends from."""

import re
from pathlib import Path

from alerts.sinks.parcel import Parcel, Receipt
from alerts.whole_file import write_whole
from billing.errors import WorldError

_KEY = re.compile(r"[a-z0-9._-]{1,200}")


class Eml:
    """Writes each message to `directory`/KEY.eml; the same key is the same file, and a file is whole or not there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def send(self, parcel: Parcel) -> Receipt:
        """Keep the message; the proof is the file, seen from the folder above. Raises WorldError if it cannot be kept.

        A key that is no plain file name raises ValueError.
        """
        if not _KEY.fullmatch(parcel.key):
            raise ValueError(
                f"{parcel.key!r} cannot name a file: a delivery's key is made of a-z, 0-9, '.', '_' and '-'"
            )
        path = self.directory / f"{parcel.key}.eml"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_whole(path, parcel.message)
        except OSError as error:
            raise WorldError(f"{path}: cannot write the message: {error.strerror or error}") from error
        return Receipt("written", path.relative_to(self.directory.parent).as_posix())
