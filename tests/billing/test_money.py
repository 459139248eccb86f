"""Money against fractions."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing.money import CURRENCIES, MINOR_DIGITS, exact, minor_digits, money_text, plain, round_money

currencies = st.sampled_from(["USD", "KRW", "JPY", "KWD", "CLF", "EUR"])
decimals = st.builds(
    lambda units, places: Decimal(units).scaleb(-places), st.integers(-(10**27), 10**27), st.integers(0, 12)
)


@given(decimals, currencies)
@example(Decimal("0.005"), "USD")
@example(Decimal("-0.005"), "USD")
@example(Decimal("0.5"), "KRW")
@example(Decimal("2.675"), "USD")
@example(Decimal("1.0005"), "KWD")
def test_halves_are_rounded_away_from_zero(amount: Decimal, currency: str) -> None:
    scale = 10 ** minor_digits(currency)
    units = floor(abs(Fraction(amount)) * scale + Fraction(1, 2))
    rounded = round_money(amount, currency)
    assert Fraction(rounded) == Fraction(units if amount >= 0 else -units, scale)
    assert -int(rounded.as_tuple().exponent) == minor_digits(currency)


@given(st.integers(0, 2**63 * 744), decimals.map(abs), st.integers(1, 10**9))
def test_exact_arithmetic_rounds_as_fractions_do(quantity: int, price: Decimal, per: int) -> None:
    amount = exact(lambda: Decimal(quantity) * price / per)()
    units = floor(Fraction(quantity) * Fraction(price) / per * 100 + Fraction(1, 2))
    assert Fraction(round_money(amount, "USD")) == Fraction(units, 100)


def test_rounding_does_not_depend_on_the_context_around_it() -> None:
    with localcontext(prec=6):
        assert round_money(Decimal("123456789012345678901234567890.125"), "USD") == Decimal(
            "123456789012345678901234567890.13"
        )


@given(decimals)
def test_a_plain_decimal_reads_back_and_wastes_no_digit(value: Decimal) -> None:
    text = plain(value)
    assert Fraction(Decimal(text)) == Fraction(value)
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("1E+3"), "1000"), (Decimal("-0.00"), "0"), (100, "100"), (Decimal("10.50"), "10.5"), (0, "0")],
)
def test_plain_decimals(value: Decimal | int, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12345.6", "USD", "12,345.60 USD"),
        ("1234567.5", "KRW", "1,234,568 KRW"),
        ("-0.5", "JPY", "-1 JPY"),
        ("1", "KWD", "1.000 KWD"),
    ],
)
def test_money_for_people(amount: str, currency: str, text: str) -> None:
    assert money_text(Decimal(amount), currency) == text


# ISO 4217, table A.1: every currency in use whose smallest unit is not the hundredth.
NOT_HUNDREDTHS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


def test_the_smallest_unit_of_every_currency() -> None:
    digits = {code: number for number, codes in NOT_HUNDREDTHS.items() for code in codes.split()}
    assert {code: minor_digits(code) for code in CURRENCIES} == {code: digits.get(code, 2) for code in CURRENCIES}


def test_every_currency_with_digits_of_its_own_is_a_currency() -> None:
    assert MINOR_DIGITS.keys() < CURRENCIES
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES)
