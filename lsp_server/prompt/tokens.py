"""How many tokens a text takes: an estimate by character classes, corrected by what backends report.

No tokenizer is installed at run time: each family has its own, of 1 to 40 MB, and hosted models publish none.
Tokenizers of code models agree well enough on what costs tokens (the start of a word, a digit, a mark, a line
end) that a weighted sum of such counts follows them.

Where the weights come from: a least-squares fit to Mistral's 32,768-token vocabulary (``v3``, the one of
Codestral 22B and the most wasteful of those measured), over windows of about 6,000 code points of Python,
JavaScript, TypeScript, Go, Rust, C headers, JSON, HTML and CSS. Those for text outside ASCII and for long
runs of letters were set by hand from random Cyrillic, Thai, Chinese, emoji and letters. Estimate divided by
real count over 1,036 windows, at factor 1, and once calibrated on the windows before (in random order):

                    least   1 %   median   99 %     calibrated: 1 %   median
    Codestral v3     0.86   0.89    1.00   1.15                0.94     1.07
    Mistral tekken   0.87   0.93    1.19   1.42                0.84     1.10
    Qwen2.5-Coder    0.91   0.94    1.25   1.51                0.83     1.10
    DeepSeek V3      1.00   1.04    1.20   1.55                0.92     1.07
    Gemma 3          0.89   0.91    1.08   1.28                0.90     1.08

So the first factor of 1.18 covered every window of code, and a calibrated one is up to a sixth short in one
window of a hundred, which ``TokenEstimate.caution`` is for. Random base64 (0.72) and rare Chinese characters
(0.53) stay below in any case; common Chinese text is over (1.3 to 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

FIRST_FACTOR: Final = 1.18
"""Makes the estimate cover the worst window of code measured (0.86) before a model has reported anything."""
FACTOR_BOUNDS: Final = (0.6, 2.0)
"""No tokenizer measured lies outside for code; reports beyond are held here."""
MARGIN: Final = 1.05
"""A calibrated factor aims this much above the reports: half of all windows lie above the median."""
RISE: Final = 0.5
FALL: Final = 0.2
"""How far one report moves the factor. Up faster than down: an overrun costs more than unused room."""
PLAUSIBLE: Final = (0.4, 2.5)
"""Reported over estimated. Beyond it the backend counts something else, such as only what it had not
cached."""
SMALLEST_OBSERVED: Final = 128
"""Tokens of an estimate below which a report says more about the template than about the text."""

UNIT: Final = 100
"""Weights count hundredths of a token."""
LETTER, WORD, UPPER, CAMEL, LONG_RUN = 5, 68, 29, 59, 400
DIGIT, MARK, SPACE, TAB, CONTROL, LINE = 124, 75, 15, 122, 100, 100
OTHER_BYTE, ASTRAL = 50, 200
LEAST_PER_CODE_POINT: Final = LETTER
"""No code point but a carriage return in front of a line feed weighs less."""
CACHED_LENGTH: Final = 400
"""Code points of the longest line that is kept: longer ones are rare and would hold their text alive."""
CACHED_LINES: Final = 8192
"""Some 20 windows of lines: about 2 MB."""

_RUN: Final = b"l" * 12
"""Lower-case letters that no dictionary word reaches: such a run takes several tokens."""
_STARTS: Final = (b"sl", b"su", b"pl", b"pu", b"dl", b"du", b"tl", b"tu", b"nl", b"nu")


def _class_of(code: int) -> str:
    character = chr(code)
    if character.isalpha():
        return "l" if character.islower() else "u"
    special = {" ": "s", "\t": "t", "\n": "n", "\r": "r"}
    if character in special:
        return special[character]
    if character.isdigit():
        return "d"
    return "p" if character.isprintable() else "c"


_CLASSES: Final = "".join(_class_of(code) for code in range(128)).encode() + b"p" * 128
"""The class of each ASCII byte: lower, upper, digit, mark (p), space, tab, line feed, return, control."""


def weigh(line: str) -> int:
    """Return the weight of ``line`` in hundredths of a token, remembered for lines of ordinary length."""
    return _weigh_cached(line) if len(line) <= CACHED_LENGTH else measure(line)


def measure(text: str) -> int:
    """Return the weight of ``text`` in hundredths of a token.

    Linear in its length. The weights of two parts add up to at least the weight of the whole, but for runs of
    ``_RUN`` letters that the cut divides.
    """
    ascii_only = text.encode("ascii", "ignore")
    classes = ascii_only.translate(_CLASSES)
    count = classes.count
    upper = count(b"u")
    words = sum(map(count, _STARTS)) + (classes[:1] in {b"l", b"u"})
    weight = (
        LETTER * (count(b"l") + upper)
        + WORD * words
        + UPPER * upper
        + CAMEL * count(b"lu")
        + LONG_RUN * count(_RUN)
        + DIGIT * count(b"d")
        + MARK * count(b"p")
        + SPACE * count(b"s")
        + TAB * count(b"t")
        + CONTROL * count(b"c")
        + LINE * (count(b"n") + count(b"r") - count(b"rn"))
    )
    if len(ascii_only) != len(text):
        other_bytes = len(text.encode("utf-8", "surrogatepass")) - len(ascii_only)
        astral = len(text.encode("utf-16-le", "surrogatepass")) // 2 - len(text)
        weight += OTHER_BYTE * other_bytes + ASTRAL * astral
    return weight


_weigh_cached = lru_cache(CACHED_LINES)(measure)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How one model's tokenizer compares with the estimate."""

    factor: float = FIRST_FACTOR
    reports: int = 0

    def observe(self, estimated: int, actual: int) -> Calibration:
        """Return the calibration after a backend reported ``actual`` tokens for ``estimated`` ones.

        ``estimated`` was made with this calibration. A report that cannot be about the whole prompt, or is
        about a small one, changes nothing.
        """
        if estimated < SMALLEST_OBSERVED or not PLAUSIBLE[0] <= actual / estimated <= PLAUSIBLE[1]:
            return self
        wanted = self.factor * actual / estimated * MARGIN
        share = RISE if wanted > self.factor else FALL
        factor = self.factor + share * (wanted - self.factor)
        low, high = FACTOR_BOUNDS
        return replace(self, factor=min(max(factor, low), high), reports=self.reports + 1)


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Estimates for one model. One line that changed costs one line: the rest is remembered."""

    calibration: Calibration = Calibration()

    def count(self, text: str) -> int:
        """The tokens that ``text`` takes."""
        return self.tokens(sum(map(weigh, text.splitlines(keepends=True))))

    def tokens(self, weight: int) -> int:
        """The tokens that a weight stands for, rounded up."""
        # The subtraction keeps ``tokens(room(n))`` at n where the division is not exact.
        return math.ceil(weight * self.calibration.factor / UNIT - 1e-6)

    def room(self, tokens: int) -> int:
        """The greatest weight that takes at most ``tokens`` tokens."""
        return max(0, math.floor(tokens * UNIT / self.calibration.factor))

    def caution(self, tokens: int) -> int:
        """The tokens of this estimate that surely fit where ``tokens`` real ones do.

        A calibrated factor follows the median text; where too long a prompt would be cut or refused, the
        first factor is used instead, as long as it is the greater one.
        """
        return math.floor(tokens * min(1.0, self.calibration.factor / FIRST_FACTOR))
