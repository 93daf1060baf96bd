"""Account numbers: their check digits, and which of them no bank has."""

TEST_IBAN = "FI7600000000000001"
"""What payment files of test mode are drawn on: its check digits are right, and no bank has the
code 000, so that a bank that is given such a file by mistake can only refuse it."""

_LONGEST, _SHORTEST = 34, 15


def plain_iban(text: str) -> str:
    """Without blanks, in capitals."""
    return "".join(text.split()).upper()


def iban_is_right(text: str) -> bool:
    """Whether the check digits of ISO 13616 hold."""
    iban = plain_iban(text)
    if not (_SHORTEST <= len(iban) <= _LONGEST and iban.isascii() and iban.isalnum()):
        return False
    if not (iban[:2].isalpha() and iban[2:4].isdigit()):
        return False
    return int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 == 1
