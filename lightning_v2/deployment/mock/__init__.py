"""What ttnn needs to open a device that does not exist.

On a mock device ttnn checks shapes, chooses programs and places memory, and computes nothing: every
result is zeros. For that it wants a description of the board and a RISC-V compiler, with which it
builds kernels that nobody will run. Both are here: the descriptions, and a stand-in compiler.

    <board>.yaml    one board each, as ttnn's driver describes the cards that it finds
    compiler.sh     answers for the compiler
    program.py      the program that it hands out
    root.py         the folder in the user's cache where ttnn finds all that
"""

from lightning_v2.deployment.mock.root import environment

__all__ = ["environment"]
