"""In which code page a file that is not UTF-8 was most likely written; to be offered, never assumed."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from workbench.intake.survey import CHUNK, HEAD, open_bytes

CANDIDATES = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp850",
    "gb18030",
    "shift_jis",
)
"""From the most to the least common; where two read equally well, the first is offered."""

_COMMON = {
    "cp1252": "äöüßÄÖÜéèêëàâçîïôûùñáíóúãõåæøÅÆØ€£§°",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřšťůžýáéíČĎĚŇŘŠŤŮŽőűŐŰăâîșşţđ€§",
    "cp1254": "ğışçöüİĞŞÇÖÜ",
    "cp850": "äöüßÄÖÜéèêëàâçîïôûùñáíóúãõåæø",
}
"""Letters with which text in a Latin code page is written; others it can hold are rare."""

_SCRIPTS = {"cp1251": "CYRILLIC", "cp1253": "GREEK"}
_ASIAN = {"gb18030": "gb2312", "shift_jis": "shift_jis"}
"""Encodings of two bytes a character, each with one that holds the characters in everyday use."""
_CHARACTERS = 20_000


def likely_encoding(path: Path, name: str = "") -> str:
    r"""Return the encoding in which the bytes of a file read most like text; "" where they are UTF-8.

    Each candidate is scored by the characters it makes of the bytes above 127 in the lines that have
    any: letters usual in what it is for count for it; control characters, box drawings, rare letters
    and a capital inside a word against it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     _ = file.write("town;bad\nŁódź;1\nKraków;0\n".encode("cp1250"))
    ...     file.flush()
    ...     likely_encoding(Path(file.name))
    'cp1250'
    """
    head, lines = _foreign_lines(path, (name or path.name).lower().endswith(".gz"))
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head.count(b"\0") > len(head) // 4:
        return "utf-16"
    if not lines:
        return ""
    scores = {encoding: _score(lines, encoding) for encoding in CANDIDATES}
    best = max(scores.values())
    return next(encoding for encoding in CANDIDATES if scores[encoding] == best)


def foreign_line(path: Path, name: str = "") -> int:
    """Return the number of the first line that is not UTF-8, from 1; 0 where all are."""
    with open_bytes(path, (name or path.name).lower().endswith(".gz")) as stream:
        return next((n for n, line in enumerate(stream, 1) if not line.isascii() and _foreign(line)), 0)


def _foreign_lines(path: Path, zipped: bool) -> tuple[bytes, bytes]:
    """Return the beginning of a file, and the lines that are not UTF-8, at most some thousand characters."""
    with open_bytes(path, zipped) as stream:
        head = stream.read(HEAD)
        found, size, chunk, rest = [], 0, head, b""
        while chunk and size < _CHARACTERS:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.isascii() and _foreign(line):
                    found.append(line)
                    size += len(line)
            chunk = stream.read(CHUNK)
        if not chunk and _foreign(rest):
            found.append(rest)
    return head, b"\n".join(found)[: 2 * _CHARACTERS]


def _foreign(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _score(lines: bytes, encoding: str) -> float:
    """Return how much the lines read like text, for each byte above 127: at most 1."""
    foreign = sum(byte > 127 for byte in lines)
    text = lines.decode(encoding, errors="replace")
    total = 0.0
    for i, char in enumerate(text):
        if ord(char) > 127:
            beside = text[i - 1 : i] or " ", text[i + 1 : i + 2] or " "
            total += _worth(char, beside, encoding) * len(char.encode(encoding, "replace"))
    return total / foreign


def _worth(char: str, beside: tuple[str, str], encoding: str) -> float:
    """Return what a character says for its encoding, given those beside it; -1 to 1."""
    before, after = beside
    if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn"):
        return -1.0
    if not char.isalpha():
        return 0.2 if char in "€£§°–’“”„« »·" else -0.5
    if encoding in _ASIAN:
        return _worth_asian(char, before, encoding)
    if not (before.isalpha() or after.isalpha()):
        return -0.2  # a letter that stands alone is seldom one
    inside = char.isupper() and before.islower()  # nor is a capital inside a word
    if encoding in _COMMON:
        return (1.0 if char in _COMMON[encoding] else 0.0) - 0.8 * inside
    # a Cyrillic or Greek letter beside a Latin one is no word either
    alone = before.isascii() and before.isalpha()
    return (0.9 if _script(char) == _SCRIPTS[encoding] else -0.5) - 1.2 * alone - 0.8 * inside


def _worth_asian(char: str, before: str, encoding: str) -> float:
    # two bytes of a western text may by chance make one character, but then beside Latin letters
    alone = 1.2 * (before.isascii() and before.isalpha())
    script = _script(char)
    if script == "CJK":
        try:
            char.encode(_ASIAN[encoding])
        except UnicodeEncodeError:
            return 0.1 - alone
        return 0.9 - alone
    kana = script in ("HIRAGANA", "KATAKANA")
    return (0.9 if kana and encoding == "shift_jis" else -0.5) - alone


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0]
