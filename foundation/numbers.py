"""Whole numbers in texts that people and programs send."""

GREATEST = 2**63 - 1  # of a key, a version or the number of an event in the database


def whole_number(text: str, most: int = GREATEST) -> int | None:
    """Return the number from 0 to ``most`` that ASCII digits spell, or None for any other text.

    Signs, blanks, digits of other scripts and numbers too long to be read are all None, so that no text of a stranger
    raises an error here or overflows in the database.

    >>> whole_number("42"), whole_number("-1"), whole_number("٤٢"), whole_number("9" * 5000)
    (42, None, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= most else None
