"""One module per formal document: tables of columns, readers and writers over bytes.

`FORMATS` only names the modules, so that listing the formats loads no spreadsheet library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType, ModuleType


@dataclass(frozen=True, slots=True)
class Format:
    """A document format: its name, its file suffix, and the modules that read and write it ("" if none)."""

    title: str
    suffix: str
    reader: str = ""
    writer: str = ""

    def reading(self) -> ModuleType:
        """The module that reads this format."""
        return import_module(f".{self.reader}", __name__)

    def writing(self) -> ModuleType:
        """The module that writes this format."""
        return import_module(f".{self.writer}", __name__)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "fedramp-3.0": Format("FedRAMP POA&M workbook 3.0", ".xlsx", "fedramp_read", "fedramp_write"),
        "fedramp-2.1": Format("FedRAMP POA&M workbook 2.1", ".xlsx", "fedramp_read", "fedramp_write"),
    }
)
