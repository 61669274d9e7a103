"""Pictures that are not SVG: PNG and PDF made of one.

Here: conversion and what the files say of themselves. Not here: drawing (`static`).
"""

import html
import io
import re
import zlib
from typing import Final

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def svg_to_png(picture: str, *, width: int = 2400) -> bytes:
    """PNG of an SVG.

    Args:
        picture: SVG with a `viewBox`.
        width: pixels across.

    Returns:
        The PNG, with the title of the picture in its metadata; the same machine gives the same bytes for the same
        picture.

    Raises:
        ValueError: if the picture has no `viewBox`.
    """
    import vl_convert

    head = picture[: picture.find(">")]
    if 'viewBox="' not in head:
        raise ValueError("The picture has no viewBox, so its width is unknown.")
    across = float(head.split('viewBox="')[1].split('"')[0].split()[2])
    return _titled(bytes(vl_convert.svg_to_png(picture, scale=width / across)), _title(picture))


def _titled(png: bytes, title: str) -> bytes:
    """Put a title into a PNG, as international text (PNG specification, 11.3.3.4), behind its header."""
    header_ends = len(PNG_SIGNATURE) + 25
    text = b"iTXtTitle" + bytes(5) + title.encode()
    chunk = (len(text) - 4).to_bytes(4) + text + zlib.crc32(text).to_bytes(4)
    return png[:header_ends] + chunk + png[header_ends:]


def svg_to_pdf(picture: str) -> bytes:
    """PDF of an SVG, as vectors with text that can be searched.

    Args:
        picture: SVG with a `viewBox`.

    Returns:
        The PDF, with the title of the picture in its metadata; the same picture gives the same bytes.
    """
    import pikepdf
    import vl_convert

    # The converter writes its resources in an order of chance; qpdf sorts them.
    with pikepdf.open(io.BytesIO(vl_convert.svg_to_pdf(picture))) as document:
        document.docinfo["/Title"] = _title(picture)
        written = io.BytesIO()
        document.save(written, deterministic_id=True)
    return written.getvalue()


def _title(picture: str) -> str:
    found = re.search(r'<title id="title">(.*?)</title>', picture, re.DOTALL)
    return html.unescape(found[1]) if found else ""
