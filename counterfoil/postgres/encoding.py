"""SQL_ASCII, the encoding of a database that knows of bytes alone: read as UTF-8 where it is that.

What else there is, an umlaut of Latin-1 say, is shown as its bytes, `<fc>`; neither the driver nor
the server would give it as UTF-8. (With a backslash it would be none of JSON's escapes.)
"""

import codecs
from typing import Any

from psycopg2.extensions import encodings

BYTES = "SQL_ASCII"
_CODEC = "counterfoil_bytes"


def _shown(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"<{byte:02x}>" for byte in error.object[error.start : error.end]), error.end


def _decode(data: Any, _errors: str = "strict", /) -> tuple[str, int]:
    text = bytes(data)
    return text.decode("utf-8", _CODEC), len(text)


def _find(name: str) -> codecs.CodecInfo | None:
    if name != _CODEC:
        return None
    return codecs.CodecInfo(codecs.utf_8_encode, _decode, name=name)


codecs.register_error(_CODEC, _shown)
codecs.register(_find)
# The driver's own spellings of it, each of which it takes for Python's ASCII.
encodings.update(dict.fromkeys((BYTES, "SQLASCII"), _CODEC))
