"""What is told to people: reasons and errors without the folders of the server."""

import re

# a path from the root: not the rest of a URL, of a date or of two/words
_FOLDERS = re.compile(r"(?<![\w/:.~+-])/(?:[^\s/:;,'\"()<>]+/)*(?=[^\s/])")


def names_only(text: str) -> str:
    """The text with the names of files in place of their absolute paths; URLs stay."""
    return _FOLDERS.sub("", text)
