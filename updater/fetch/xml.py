"""Reading XML of unknown origin: strictly, with no entities, no external references and no repair of structure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from updater.fetch.transport import Unusable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PAGE: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+)?html\b", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE: Final = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_REPLACEMENT: Final = "\ufffd"
_LAST: Final = 0x10FFFF


def parse(body: bytes) -> Element:
    """Return the root of a complete, well-formed document.

    A character that XML forbids (a control character in one title is enough) makes a whole page ill-formed, and would
    hide all of its records for as long as that one is listed. So such characters, and only they, are replaced by U+FFFD;
    a page that was cut off or is no XML stays an error.

    Raises
    ------
    Unusable
        The document is no XML, is not complete, or defines entities.
    """
    if _PAGE.match(body[:500]):
        raise Unusable("an HTML page in place of data")
    try:
        return _strict(body)
    except ParseError as error:
        repaired = legal(body)
        if repaired == body:
            raise Unusable(f"XML that cannot be read ({error})") from error
    try:
        return _strict(repaired)
    except ParseError as error:
        raise Unusable(f"XML that cannot be read ({error})") from error


def _strict(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Unusable(f"XML with definitions of its own ({type(error).__name__})") from error
    except (ValueError, LookupError) as error:  # an encoding that is unknown, or that expat does not take
        raise Unusable(f"XML that cannot be read ({error})") from error
    return root


def legal(body: bytes) -> bytes:
    """Return `body` with what may not stand in XML replaced by U+FFFD.

    Only UTF-8 is looked at, since nothing that we read uses another encoding.
    """
    encoding = _ENCODING.match(body[:200].lstrip())
    if encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii"):
        return body
    text = _ILLEGAL.sub(_REPLACEMENT, body.decode("utf-8", "replace"))
    return _REFERENCE.sub(_legal_reference, text).encode()


def _legal_reference(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    if number <= _LAST and not _ILLEGAL.fullmatch(chr(number)):
        return found.group()
    return _REPLACEMENT
