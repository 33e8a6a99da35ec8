"""Amounts as people write them, in the language of the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale


def data_size(count: int) -> str:
    """Bytes: “12.2 GB”, «12,2 ГБ»."""
    if count < 1000:  # Qt writes out the word for these, in one form for all numbers
        return QCoreApplication.translate("amounts", "{count} B").format(count=count)
    digits = 1 if count >= 1_000_000_000 else 0
    return QLocale().formattedDataSize(count, digits, QLocale.DataSizeFormat.DataSizeSIFormat)
