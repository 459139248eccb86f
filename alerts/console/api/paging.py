"""How lists of the API are narrowed and read in pages."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Select

from alerts.console.view import View


def page_of(
    view: View, query: Select[Any], key: Column[str], wanted: Mapping[str, str | None], after: str | None, limit: int
) -> Select[Any]:
    """The rows of the key's table in its order, from behind `after`; one more than the page has, if there are more.

    wanted: column -> its value, None for any; it has partner_id and customer_id, and what of them is not the user's to
    see raises HTTPException 404. A partner's own users get their partner's rows alone.
    """
    if wanted["partner_id"]:
        view.partner(wanted["partner_id"])
    if wanted["customer_id"]:
        view.customer(wanted["customer_id"])
    own = {**wanted, "partner_id": view.user.partner_id or wanted["partner_id"]}
    query = query.where(*(key.table.c[name] == value for name, value in own.items() if value))
    if after:
        query = query.where(key > after)
    return query.order_by(key).limit(limit + 1)
