"""Charts: what is drawn lies where its numbers say, survives hostile names, and is the same every time."""

import math
import re
import struct
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alerts
from alerts.axes import HEIGHT, LEFT, RIGHT, quantity, ticks
from alerts.charts import Bar, Chart, Level, Mark, Words, bars, png, svg
from alerts.drawing import WIDTH, clipped, text_width

START = datetime(2026, 11, 1, tzinfo=UTC)
FONTS = Path(alerts.__file__).parent / "fonts"
SVG = "{http://www.w3.org/2000/svg}"
NASTY = st.text(st.one_of(st.characters(), st.sampled_from("<>&\"'\0\r\n\u2028\ud800\uffff")), max_size=60)


def chart(actual: list[float], **more: object) -> Chart:
    flat = {"expected": [1.0] * len(actual), "anomalous": [False] * len(actual)}
    return Chart("Acme: indexed logs", "hosts", START, actual, **{**flat, **more})  # type: ignore[arg-type]  # by field


def strokes(document: str, tag: str, **attributes: str) -> list[ElementTree.Element]:
    found = ElementTree.fromstring(document).iter(SVG + tag)
    return [element for element in found if all(element.get(k.replace("_", "-")) == v for k, v in attributes.items())]


def actual_points(document: str) -> list[list[tuple[float, float]]]:
    paths = strokes(document, "path", stroke="#0b3a66", stroke_width="1.8")
    numbers = [re.findall(r"-?[\d.]+", path.get("d", "").removesuffix("h0")) for path in paths]
    return [list(zip(map(float, xy[::2]), map(float, xy[1::2]), strict=True)) for xy in numbers]


def test_a_value_is_as_high_as_its_share_of_the_scale_and_stands_in_the_middle_of_its_hour() -> None:
    document = svg(chart([0.0, 50.0, 100.0, 25.0]))
    (points,) = actual_points(document)
    bottom = points[0][1]
    assert [round((bottom - y) / HEIGHT, 3) for _, y in points] == [0, 0.5, 1, 0.25]
    assert [round((x - LEFT) / (WIDTH - LEFT - RIGHT), 3) for x, _ in points] == [0.125, 0.375, 0.625, 0.875]


def test_the_line_breaks_where_nothing_is_known_and_a_lone_hour_is_a_dot() -> None:
    gap = math.nan
    runs = actual_points(svg(chart([1.0, 2.0, gap, 3.0, gap, gap, 4.0, 5.0])))
    assert [len(run) for run in runs] == [2, 1, 2]


@given(flags=st.lists(st.booleans(), min_size=1, max_size=60))
def test_shades_cover_the_anomalous_hours_and_no_others(flags: list[bool]) -> None:
    shades = strokes(svg(chart([1.0] * len(flags), anomalous=flags)), "rect", fill="#fde6d3", height=str(HEIGHT))
    hour = (WIDTH - LEFT - RIGHT) / len(flags)
    shaded = [False] * len(flags)
    for shade in shades:
        left, width = float(shade.get("x", "")), float(shade.get("width", ""))
        for i in range(round((left - LEFT) / hour), round((left + width - LEFT) / hour)):
            shaded[i] = True
    assert shaded == flags


def test_one_anomalous_hour_of_a_month_can_be_seen() -> None:
    (shade,) = strokes(svg(chart([1.0] * 720, anomalous=[i == 300 for i in range(720)])), "rect", fill="#fde6d3")[1:]
    assert float(shade.get("width", "")) >= 3


def test_the_level_and_the_deadline_are_drawn_and_named() -> None:
    deadline = START + timedelta(hours=48)
    document = svg(chart([10.0] * 24, level=Level(40, "billed level"), marks=(Mark(deadline, "deadline"),)))
    said = {element.text for element in strokes(document, "text")}
    assert {"billed level", "deadline", "hosts", "UTC", "actual", "expected"} <= said
    (right_end,) = strokes(document, "path", stroke_dasharray="2 4")
    assert right_end.get("d", "").startswith(f"M{WIDTH - RIGHT} ")  # the chart reaches to its last mark


@given(hours=st.lists(st.integers(0, 700), min_size=2, max_size=6), words=st.lists(st.text("abc ", max_size=20)))
def test_no_two_labels_of_marks_lie_on_each_other(hours: list[int], words: list[str]) -> None:
    labels = [words[i] if i < len(words) else "deadline" for i in range(len(hours))]
    marks = tuple(Mark(START + timedelta(hours=h), label) for h, label in zip(hours, labels, strict=True))
    drawn = strokes(svg(chart([1.0] * 720, marks=marks)), "text", fill="#1b2430", font_size="11")
    spans = []
    for element in drawn:
        x, width = float(element.get("x", "")), text_width(element.text or "", 11)
        spans.append((element.get("y"), x if element.get("text-anchor") == "start" else x - width, width))
    for (row, left, width), (next_row, next_left, _) in pairwise(sorted(spans, key=lambda span: (span[0], span[1]))):
        assert row != next_row or left + width <= next_left


@settings(max_examples=200)
@given(title=NASTY, unit=NASTY, label=NASTY)
def test_any_name_is_only_text(title: str, unit: str, label: str) -> None:
    marks = (Mark(START + timedelta(hours=1), label),)
    drawing = svg(Chart(title, unit, START, [1.0, 2.0], [1.0, 1.0], [False, True], marks=marks, level=Level(1, label)))
    digest = bars(title, [Bar(label, 1, 2, unit, 3)])
    for document in (drawing, digest):
        tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(document).iter()}
        assert tags <= {"svg", "g", "rect", "path", "polygon", "text"}


@settings(max_examples=25, deadline=None)
@given(title=NASTY)
def test_any_name_can_be_turned_into_a_picture(title: str) -> None:
    assert size_of(png(bars(title, [Bar(title, 1, 2, title)]), zoom=1))[0] == WIDTH


def test_markup_in_a_name_is_shown_as_it_was_written() -> None:
    document = svg(Chart('<b onload="x">&amp;', "B", START, [1.0], [1.0], [False]))
    assert '<b onload="x">&amp;' in {element.text for element in strokes(document, "text")}


def test_a_strict_content_policy_finds_nothing_to_refuse_and_two_charts_share_a_page() -> None:
    document = svg(chart([1.0, 9.0], anomalous=[False, True], level=Level(2, "level")))
    assert not re.search(r"\s(style|id|class|on\w+|href)=|<style|url\(", document)


def test_the_same_chart_gives_the_same_bytes() -> None:
    first, second = (svg(chart([1.0, 5.0, 2.0], level=Level(4, "level"))) for _ in range(2))
    assert first == second
    assert png(first) == png(second)


def size_of(image: bytes) -> tuple[int, int]:
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", image[16:24])


def test_a_png_is_twice_the_size_of_the_drawing_and_small_enough_for_a_letter() -> None:
    usage = [100 + 50 * math.sin(i / 4) for i in range(720)]
    document = svg(chart(usage, band=([v - 10 for v in usage], [v + 10 for v in usage])))
    image = png(document)
    assert size_of(image) == (2 * WIDTH, 2 * float(strokes(document, "svg")[0].get("height", "")))
    assert len(image) < 150_000


def test_russian_and_german_letters_are_drawn_by_the_shipped_font() -> None:
    pictures = {png(bars(name, [])) for name in ("Ж", "Ф", "ß", "ü", "\u0e01 Ж")}
    assert len(pictures) == 5


def characters_of(font: bytes) -> set[int]:
    """The code points of a TrueType font's format 4 character map (OpenType specification, cmap)."""
    tables = {font[at : at + 4]: struct.unpack(">I", font[at + 8 : at + 12])[0] for at in range(12, 12 + 16 * 20, 16)}
    cmap = tables[b"cmap"]
    encodings = [struct.unpack(">HHI", font[cmap + 4 + 8 * i : cmap + 12 + 8 * i]) for i in range(2)]
    at = cmap + next(offset for platform, encoding, offset in encodings if (platform, encoding) == (3, 1))
    segments = struct.unpack(">H", font[at + 6 : at + 8])[0] // 2
    ends = struct.unpack(f">{segments}H", font[at + 14 : at + 14 + 2 * segments])
    starts = struct.unpack(f">{segments}H", font[at + 16 + 2 * segments : at + 16 + 4 * segments])
    return {code for first, last in zip(starts, ends, strict=True) for code in range(first, last + 1)} - {0xFFFF}


@pytest.mark.parametrize("name", ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"])
def test_the_shipped_font_has_every_letter_that_keeps_the_machines_fonts_out(name: str) -> None:
    from alerts.charts import _IN_FONTS

    has = characters_of((FONTS / name).read_bytes())
    assert {code for code in range(0x20, 0xD800) if _IN_FONTS.fullmatch(chr(code))} <= has


def test_the_fonts_are_small_and_their_licence_lies_beside_them() -> None:
    assert sum(font.stat().st_size for font in FONTS.glob("*.ttf")) <= 80_000
    assert "Bitstream Vera" in (FONTS / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0, "B", "0 B"),
        (999, "B", "999 B"),
        (999.6, "B", "1 kB"),
        (1_250_000_000, "B", "1.25 GB"),
        (2.5e6, "events", "2.5M"),
        (123_456, "hosts", "123k"),
        (12, "hosts", "12"),
        (0.002, "hosts", "0.002"),
        (5e18, "B", "5000 PB"),
    ],
)
def test_quantities_are_read_in_three_digits(value: float, unit: str, said: str) -> None:
    assert quantity(value, unit) == said


@given(value=st.floats(0.001, 1e17))
def test_a_quantity_read_back_is_right_to_half_a_percent(value: float) -> None:
    number, prefix = re.fullmatch(r"([\d.]+) ([kMGTP]?)B", quantity(value, "B")).groups()  # type: ignore[union-attr]
    factor = 1000 ** " kMGTP".index(prefix or " ")
    assert float(number) * factor == pytest.approx(value, rel=0.0051)


@given(top=st.floats(1e-6, 1e18))
def test_a_scale_starts_at_zero_and_reaches_the_top_in_a_few_even_steps(top: float) -> None:
    scale = ticks(top)
    steps = [b - a for a, b in pairwise(scale)]
    assert scale[0] == 0
    assert scale[-2] < top <= scale[-1] * (1 + 1e-9)
    assert 2 <= len(scale) <= 6
    assert steps == pytest.approx([scale[1]] * len(steps))


def test_bars_are_as_long_as_their_share_of_the_longest_and_carry_the_exact_words() -> None:
    document = bars("November", [Bar("Acme", 30, 60, "60.00 USD", 100), Bar("Globex", 10, 20, "20.00 USD")])
    full = WIDTH - 16 - 140 - (16 + 176)
    light = [float(bar.get("width", "")) for bar in strokes(document, "rect", fill="#dfe9f4", height="14")]
    dark = [float(bar.get("width", "")) for bar in strokes(document, "rect", fill="#0b3a66", height="14")]
    assert light == pytest.approx([0.6 * full, 0.2 * full], abs=0.1)
    assert dark == pytest.approx([0.3 * full, 0.1 * full], abs=0.1)
    assert {"60.00 USD", "20.00 USD", "committed"} <= {element.text for element in strokes(document, "text")}


def test_the_words_are_the_readers() -> None:
    words = Words("фактически", "ожидалось", months=("янв", "ноя", "дек") * 4)
    said = {element.text for element in strokes(svg(chart([1.0] * 168, words=words)), "text")}
    assert {"фактически", "ожидалось", "2 ноя"} <= said


@given(content=NASTY, width=st.floats(30, 300))
def test_clipped_text_fits(content: str, width: float) -> None:
    assert text_width(clipped(content, width, 11), 11) <= width


def test_values_that_do_not_match_the_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="one value an hour"):
        chart([1.0, 2.0], expected=[1.0])
    with pytest.raises(ValueError, match="at least one"):
        chart([])
