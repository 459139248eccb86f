"""An HTML letter as a mail program sees it."""

import email
import email.policy
import re
from html.parser import HTMLParser

from alerts.mail import Letter, compose

BAD_STYLE = re.compile(
    r"url\(|@import|position\s*:|display\s*:\s*(flex|grid)|background-image|expression", re.IGNORECASE
)


class Page(HTMLParser):
    """The tags with the names of their attributes, the visible text, and what the page would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.tags, self.words = html, [], []
        self.fetched: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.tags.append((tag, *sorted(names)))
        self.fetched += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "background", "action")
        ]
        if tag == "img":
            self.images.append(names)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def received(letter: Letter) -> email.message.EmailMessage:
    """The letter as it is parsed at the other end."""
    return email.message_from_bytes(compose(letter), policy=email.policy.default)


def page(letter: Letter) -> Page:
    """The HTML part as it is received, its style sheet inlined."""
    return Page(received(letter).get_body(("html",)).get_content())


def check(letter: Letter) -> Page:
    """What holds for every HTML letter: it fetches nothing, fits, and shows its pictures with words beside them."""
    shown = page(letter)
    size = len(shown.html.encode())
    assert size <= 80_000, f"{size} bytes: some mail programs cut it off"
    assert {f"cid:{picture.cid}" for picture in letter.images} == set(shown.fetched)
    assert all(image["alt"] and image["width"] for image in shown.images)
    assert not {tag for tag, *_ in shown.tags} & {"script", "svg", "link", "iframe", "form", "object", "base"}
    assert not BAD_STYLE.search(shown.html)
    assert "prefers-color-scheme: dark" in shown.html
    assert not re.search(r"https?:", shown.html)
    return shown
