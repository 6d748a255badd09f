"""What of the check of notebooks takes long to load, and nothing here asks for."""

import sys


def unchecked() -> None:
    """Keep jsonschema, in this process, from checking the syntax of web addresses.

    For that it compiles a grammar as it is imported, which takes longer than everything else that
    comes with notebooks. To be called before nbformat or papermill is imported.
    """
    sys.modules.setdefault("rfc3987_syntax", None)
