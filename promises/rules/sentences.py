"""Whether a promise, as somebody wrote it, can be measured at all. Reads Finnish, Swedish, English.

A promise needs a number with a unit of time or of people: "served within 15 minutes", "at most 3
people before you". Money is no measure of what the customer gets, so "or 10 €" alone is not enough.
"""

import re
import unicodedata

from promises.kernel.text import N_, Message

LONGEST_SENTENCE = 300
_NOT_PRINTED = ("Cc", "Cs", "Co", "Cn")

_EMPTY = N_("Write the promise as a sentence.")
_LONG = N_("Keep the promise to %(most)s characters.")
_UNPRINTABLE = N_("The sentence holds characters that cannot be printed.")
_VAGUE = N_(
    "“%(word)s” cannot be measured. Say what the customer gets, and within how many minutes, hours "
    "or days."
)
_NO_NUMBER = N_("There is no number in it. Say how many minutes, hours or days at most.")
_NO_UNIT = N_(
    "The number stands without a unit that can be measured. Say whether it counts minutes, hours, "
    "days or people."
)
_ZERO = N_("Nobody can keep a limit of zero. Give a number above it.")

_NUMBER = r"""(?:
    \d+(?:[.,]\d+)?
  | (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty
      |forty-five|fifty|sixty|ninety|half(?:\s+an?)?)
  | (?:yksi|yhde|kaksi|kahde|kolme|neljä|viisi|viide|kuusi|kuude|seitsemä|kahdeksa|yhdeksä|kymmene
      |puoli|puole)\w*
  | (?:två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv|femton|tjugo|trettio|fyrtiofem|femtio|sextio
      |nittio|halv|halvan)
)"""
_ARTICLE = r"(?:an?|en|ett)"
_UNIT = r"""(?:
    s|sec|secs|seconds?|min|mins|minutes?|h|hrs?|hours?|(?:week)?days?|weeks?|months?
  | sekun\w*|minuu\w*|t|tun[tn]\w*|\w*päiv\w*|vii[k]\w*|vuorokau\w*|vrk|kuukau\w*|kk|pv
  | minut\w*|tim|timm\w*|\w*dag(?:ar|en|arna)?|dygn\w*|veck\w*|månad\w*
  | people|persons?|customers?|times|asiak\w*|henkilö\w*|ihmis\w*|kertaa|kund\w*|personer|gånger
)"""
_MEASURED = re.compile(
    rf"(?<![\w.,]){_NUMBER}[\s-]*(?:[^\W\d]+\s+)?{_UNIT}(?!\w)"
    rf"|(?<!\w){_ARTICLE}\s+{_UNIT}(?!\w)"
    r"|(?<!\w)(?:quarter\s+of\s+an\s+hour|vart(?:ti|i)\w*|kvart\w*)",
    re.VERBOSE,
)
_ANY_NUMBER = re.compile(rf"\d|(?<!\w){_NUMBER}(?!\w)", re.VERBOSE)
_NOTHING = re.compile(rf"(?<![\w.,])0+(?:[.,]0+)?[\s-]*{_UNIT}(?!\w)", re.VERBOSE)
_VAGUE_WORD = re.compile(
    r"""(?<!\w)(?:
    smil\w*|surpris\w*|delight\w*|as\ soon\ as\ possible|asap|quick\w*|fast|soon|prompt\w*|best
  | friendl\w*|always|never|exceed\w*|excellen\w*|qualit\w*|immediate\w*|right\ away
  | hymy\w*|yllät\w*|mahdollisimman\ \w+|pian|nope\w*|paras|parha\w*|ystävälli\w*|aina|heti
  | laaduk\w*|erinoma\w*|viipymättä
  | ler|le|leende\w*|överrask\w*|så\ snart\ som\ möjligt|snabb\w*|snart|bästa|vänlig\w*|alltid
  | omedelbart|genast|kvalitet\w*
)(?!\w)""",
    re.VERBOSE,
)


def sentence_problems(text: str) -> tuple[Message, ...]:
    """Why the sentence is no promise that can be measured; empty where it is one."""
    if not text.strip():
        return (Message(_EMPTY),)
    if len(text) > LONGEST_SENTENCE:
        return (Message(_LONG, {"most": LONGEST_SENTENCE}),)
    if any(unicodedata.category(c) in _NOT_PRINTED and c not in "\t\r\n" for c in text):
        return (Message(_UNPRINTABLE),)
    return tuple(_vagueness(unicodedata.normalize("NFKC", text).casefold()))


def _vagueness(text: str) -> list[Message]:
    if _NOTHING.search(text):
        return [Message(_ZERO)]
    if _MEASURED.search(text):
        return []
    problems = []
    word = _VAGUE_WORD.search(text)
    if word:
        problems.append(Message(_VAGUE, {"word": word.group()}))
    problems.append(Message(_NO_UNIT if _ANY_NUMBER.search(text) else _NO_NUMBER))
    return problems
