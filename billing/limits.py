"""How much one file may hold. What holds more is refused whole, before it fills the machine, with what to do."""

MIB = 2**20
FILE = 4096 * MIB  # a usage file as it lies on the disk, packed or not
TEXT = 16_384 * MIB  # CSV once it is unpacked
JSON = 256 * MIB  # JSON once it is unpacked: it is understood only as a whole
PARQUET_TEXT = 1024 * MIB  # one column of Parquet, in a million rows, written out in full
BOOK_FILE = 16 * MIB
LINE = MIB  # a line of CSV, in bytes
ROWS = 100_000_000  # of a usage file
BAD_ROWS = 100_000  # of a usage file: with more of them it is another kind of file
NESTING = 32  # brackets of JSON inside each other


def size(limit: int) -> str:
    """A limit in bytes for people."""
    return f"{limit // MIB:,} MiB"
