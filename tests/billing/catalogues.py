"""Catalogues drawn at random: units of any size, every roll-up under either option, allotments of allotments."""

from hypothesis import strategies as st

from tests.billing.sheet import Row
from tests.billing.worlds import decimals

ROLLUPS = ("p99", "sum", "mean", "max", "hourly_overage", "hourly_overage_mean")
UNITS = (1, 1, 3, 7, 100, 730, 1000, 10**9)
# Twos and fives only, so that an allotment in thirds or sevenths of a unit stays a fraction that does not end.
BROUGHT = ("0.205", "0.5", "1", "5", "100", "1000000")
PRICES = st.just("") | decimals(4, 40)


@st.composite
def catalogues(draw: st.DrawFn) -> list[Row]:
    """2 to 6 meters; a meter's allotment may come from any meter drawn before it, so chains of three and more occur."""
    rows: list[Row] = []
    for i in range(draw(st.integers(2, 6))):
        parent = draw(st.sampled_from(["", *(row["meter"] for row in rows), *(row["meter"] for row in rows[-1:])]))
        types = ";".join(f"type{i}{letter}" for letter in draw(st.sampled_from(("a", "ab"))))
        identity = {
            "meter": f"meter{i}",
            "name": f"Meter {i}",
            "product_family": f"family{i % 2}",
            "usage_types": types,
        }
        rolled = {name: draw(st.sampled_from(ROLLUPS)) for name in ("rollup", "hourly_option_rollup")}
        sold = {"per": str(draw(st.sampled_from(UNITS))), "unit": "unit"}
        brought = {"allotment_parent": parent, "allotment_quantity": draw(st.sampled_from(BROUGHT)) if parent else ""}
        lists = {f"list_{plan}": draw(PRICES) for plan in ("annual", "month_to_month", "on_demand")}
        rows.append({**identity, **rolled, **sold, **brought, **lists})
    return draw(st.permutations(rows))
