"""Which voices read which writing: a voice spells out letters that its language does not use."""

from __future__ import annotations

import unicodedata

# As Unicode names begin, with the languages of espeak-ng that are written so, the one to suggest first. Latin is
# missing: every voice reads it. What tells most comes first: kana stands beside Chinese signs.
_READERS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "cmn zh yue hak ja ko",
    "CYRILLIC": "ru uk be bg sr mk hbs bs hr kk kaa ky tt ba cv uz az tk nog", "GREEK": "el grc", "HEBREW": "he",
    "ARABIC": "ar fa ur sd ug ku", "DEVANAGARI": "hi mr ne kok", "BENGALI": "bn as bpy", "GURMUKHI": "pa",
    "GUJARATI": "gu", "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml",
    "SINHALA": "si", "THAI": "th", "MYANMAR": "my shn", "GEORGIAN": "ka", "ARMENIAN": "hy hyw", "ETHIOPIC": "am ti",
}  # fmt: skip


def unread_letters(text: str, voice: str) -> tuple[str, str] | None:
    """The first letters (at most 8) of a writing that the voice (`en-us`, `de+f3`) cannot read, and one that can."""
    language = voice.partition("+")[0].partition("-")[0].lower()
    found: dict[str, str] = {}
    for letter in text:
        script = unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""
        found[script] = found.get(script, "") + letter
    for script, readers in _READERS.items():
        if script in found and language not in readers.split():
            return found[script][:8], readers.split()[0]
    return None
