"""The names that a title answers to, made comparable.

Compared without case, accents, punctuation and spaces: "Spider-Man", "spiderman" and "Spider Man"
are one name. Accents are taken off Latin, Greek and Cyrillic letters alone; in other scripts such
marks are letters.
"""

import re
import unicodedata
from typing import NamedTuple

ARTICLES = frozenset({"the", "a", "an"})  # that are left out before a name
# Those that catalogues put behind it, as in "Postino, Il".
_BEHIND = re.compile(
    r"(.*\S)\s*,\s*(the|an?|las?|los?|les?|l['\u2019]|el|il|gli|i|une?|uno|una|un['\u2019]"
    r"|der|die|das|dem|den|ein|eine|det|de|het|en|et|ett|os?|as)",
    re.IGNORECASE | re.DOTALL,
)
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_ALSO_KNOWN_AS = re.compile(r"\s*(?:a\.?\s?k\.?\s?a\.?|also known as)\s+", re.IGNORECASE)
_PARTS = re.compile(r"\s*[:;/\u2013\u2014]\s*|\s+-\s+|,?\s+or[:,]\s+", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}")  # as those of "E.T. the Extra-Terrestrial"
_YEAR = re.compile(r"(.*\S)\s*[(\[]\s*(\d{4})\s*[)\]]\s*", re.DOTALL)
_APOSTROPHES = "'\u2019"
_ACCENTS = re.compile("[\u0300-\u036f]")
# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# Left out before a name where nothing else is found: "Die Hard" is no "Hard".
_LEADING = ARTICLES | {"der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "el"}
_LEADING |= {"los", "las", "il", "lo", "gli", "den", "det", "het"}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_AND = frozenset({"and", "und", "et"})
_UNITS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
_UNITS += " sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS = {word: value for value, word in enumerate(_UNITS.split(), 1)}
_NUMBERS |= {word: 10 * tens for tens, word in enumerate(_TENS.split(), 2)}
_NUMBERS["hundred"] = HUNDRED = 100


class Names(NamedTuple):
    """Under which names a title is found; a tier counts where those before it have nothing."""

    whole: frozenset[str]  #: as it stands, and without what is in brackets
    other: frozenset[str]  #: what is in brackets: the original title, or a.k.a.
    short: frozenset[str]  #: both without their article
    loose: frozenset[
        str
    ]  #: parts at a colon or a dash, initials; 2 for II and two; without "and"; ae for ä


def split_year(text: str) -> tuple[str, int | None]:
    """A title as "Alien (1979)" without its year, and the year."""
    found = _YEAR.fullmatch(text)
    return (found[1].strip(), int(found[2])) if found else (text.strip(), None)


def words_of(text: str) -> list[str]:
    """The words of a text, comparable: "Schindler's List" is schindlers, list."""
    text = text.casefold().replace("'", "").replace("\u2019", "")
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold().translate(_PLAIN)
        text = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
        return text.split()
    return re.findall(r"[a-z0-9]+", text)


def joined(text: str) -> str:
    """A text as a name; one without letters and digits, as "$", is its own."""
    return "".join(words_of(text)) or "".join(text.split()).casefold()


def names_of(title: str) -> tuple[frozenset[str], ...]:
    """The names of a title without its year, in the tiers of `Names` without the loose ones."""
    main, *others = segments = _segments(title)
    whole = {joined(form) for form in {title, main, _fronted(main)}}
    other = {joined(form) for each in others for form in {each, _fronted(each)}}
    short = {_without_article(each) for each in segments}
    return tuple(frozenset(tier - {""}) for tier in (whole, other, short))


def loose_names_of(title: str) -> frozenset[str]:
    """The last tier of its names, which costs most and is seldom needed."""
    return frozenset(name for each in _segments(title) for name in _loosely(each)) - {""}


def names_typed(text: str) -> Names:
    """The names that somebody may mean who types a text, to be looked up in the same tiers."""
    as_typed = frozenset({joined(text), joined(_fronted(text))}) - {""}
    short = as_typed | {_without_article(text)} - {""}
    loose = short | {name for each in _segments(text)[:1] for name in _numbered(each)} - {""}
    return Names(whole=as_typed, other=as_typed, short=short, loose=loose)


def display_title(title: str) -> str:
    """A title for people to read, its article before it: "Il Postino (The Postman)"."""
    main, bracket, rest = title.partition(" (")
    return _fronted(main) + bracket + rest


def _segments(title: str) -> list[str]:
    """A title without what is in brackets, then what is in each of them."""
    if not title.isascii():
        title = unicodedata.normalize("NFKC", title)  # also brackets of double width
    if "(" not in title and "[" not in title:
        return [title]
    inside = [_ALSO_KNOWN_AS.sub("", f" {each}").strip() for each in _BRACKETS.findall(title)]
    main = _BRACKETS.sub(" ", title).strip()
    return [each for each in (main, *inside) if each] or [title]


def _fronted(name: str) -> str:
    """A name with its article before it: "Postino, Il" is "Il Postino"."""
    found = _BEHIND.fullmatch(name) if "," in name else None
    if not found:
        return name
    return f"{found[2]}{'' if found[2][-1] in _APOSTROPHES else ' '}{found[1]}"


def _without_article(name: str) -> str:
    found = _BEHIND.fullmatch(name) if "," in name else None
    words = words_of(found[1] if found else name)
    if not found and len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    return "".join(words)


def _loosely(name: str) -> set[str]:
    front = _fronted(name)
    begins = [front[: found.start()] for found in _PARTS.finditer(front)]
    pieces = [*begins, *_PARTS.split(front), *_INITIALS.findall(name)]
    return {form for each in (name, *pieces) for form in _numbered(each)}


def _numbered(name: str) -> set[str]:
    """A name without its article and "and", with 2 for II and two; the same with ae for ä."""
    found = set()
    composed = name if name.isascii() else unicodedata.normalize("NFC", name).casefold()
    for spelled in {name, composed.translate(_UMLAUTS)}:
        words = words_of(_fronted(spelled))
        if len(words) > 1 and words[0] in _LEADING:
            words = words[1:]
        found |= {"".join(words), "".join(_in_digits(words))}
    return found


def _in_digits(words: list[str]) -> list[str]:
    """Words without "and", numbers in digits: one hundred and twenty one is 121, and II is 2."""
    found: list[str] = []
    number = 0  # that the words before make; 0 where they make none
    for word in words:
        if word in _AND:
            continue
        value = _NUMBERS.get(word, 0)
        if value and _goes_on(number, value):
            number = number * value if value == HUNDRED else number + value
            found[-1] = str(number)
        else:
            number = value
            found.append(str(value) if value else _ROMAN.get(word, word))
    return found


def _goes_on(number: int, value: int) -> bool:
    """Whether a word for a value goes on with a number: twenty with one, one with hundred."""
    if value == HUNDRED:
        return 0 < number < 10
    tens = value < 10 and number % 10 == 0 and number % HUNDRED >= 20
    return number > 0 and (number % HUNDRED == 0 or tens)
