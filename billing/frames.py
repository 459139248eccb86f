"""The shapes of the frames that travel between the stages."""

import polars as pl

TIME = pl.Datetime("us", "UTC")

KEY = ["org_id", "product_family", "usage_type", "hour"]

# One value the vendor said: quantity in the vendor's base unit, null where it said nothing.
# observed_at: when the value became known; null means at the end of its hour.
USAGE = pl.Schema(
    {
        "org_id": pl.String(),
        "product_family": pl.String(),
        "usage_type": pl.String(),
        "hour": TIME,
        "quantity": pl.Int64(),
        "observed_at": TIME,
    }
)

# Inside, a value is keyed by two integers: the number of its series (billing.names) and of its hour (hours.number).
CELL = ["series", "hour"]
CELLS = pl.Schema({"series": pl.Int32(), "hour": pl.Int32(), "quantity": pl.Int64()})
