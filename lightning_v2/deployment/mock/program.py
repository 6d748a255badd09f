"""The program that stands in for every compiled kernel: one RISC-V instruction, `ret`.

tt-metal moves kernels to where there is room for them, so it reads more of the file than a loader
does: the first segment must be code that begins at the entry point, and there must be relocations
for it, even if there are none in them (tt_metal/llrt/tt_elffile.cpp of tenstorrent/tt-metal).
"""

import struct

_RETURN = struct.pack("<I", 0x00008067)
_ADDRESS = 0x1000
_HEADER, _SEGMENT, _SECTION, _SYMBOL, _RELOCATION = 52, 32, 40, 16, 12
_EXECUTABLE, _RISCV = 2, 243
_PROGBITS, _SYMTAB, _STRTAB, _RELA = 1, 2, 3, 4
_ALLOCATED_CODE = 0x2 | 0x4
_READ_AND_EXECUTE = 0x4 | 0x1
_NAMES = b"\0.text\0.rela.text\0.symtab\0.strtab\0"


def program() -> bytes:
    """An ELF file of 32 bits, little endian."""
    code = _HEADER + _SEGMENT
    symbols = code + len(_RETURN)
    names = symbols + _SYMBOL
    sections = names + len(_NAMES)
    sections += -sections % 4
    table = [
        bytes(_SECTION),
        _section(".text", _PROGBITS, code, len(_RETURN), _ALLOCATED_CODE, _ADDRESS),
        _section(".rela.text", _RELA, symbols, 0, link=3, info=1, entry=_RELOCATION),
        _section(".symtab", _SYMTAB, symbols, _SYMBOL, link=4, info=1, entry=_SYMBOL),
        _section(".strtab", _STRTAB, names, len(_NAMES)),
    ]
    header = struct.pack(
        "<4s12B2H5I6H",
        b"\x7fELF",
        *(1, 1, 1, *bytes(9)),
        *(_EXECUTABLE, _RISCV, 1, _ADDRESS, _HEADER, sections, 0),
        *(_HEADER, _SEGMENT, 1, _SECTION, len(table), len(table) - 1),
    )
    size = len(_RETURN)
    segment = struct.pack("<8I", 1, code, _ADDRESS, _ADDRESS, size, size, _READ_AND_EXECUTE, 4)
    body = header + segment + _RETURN + bytes(_SYMBOL) + _NAMES
    return body.ljust(sections, b"\0") + b"".join(table)


def _section(
    name: str,
    kind: int,
    offset: int,
    size: int,
    flags: int = 0,
    address: int = 0,
    link: int = 0,
    info: int = 0,
    entry: int = 0,
) -> bytes:
    at = _NAMES.index(name.encode() + b"\0")
    return struct.pack("<10I", at, kind, flags, address, offset, size, link, info, 4, entry)
