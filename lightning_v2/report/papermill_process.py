"""One notebook in papermill. Started by `execute`, which writes the request to standard input."""

import json
import os
import sys
import tempfile

from traitlets.config import Config

from lightning_v2.report import addresses


def main() -> None:
    """Run the notebook that a JSON object on standard input describes; see `execute`."""
    request = json.load(sys.stdin)
    addresses.unchecked()
    import papermill

    from lightning_v2.report.widget_states import ENGINE

    with tempfile.TemporaryDirectory(prefix="lv2-") as folder:
        # Kernels that start at the same time may choose the same TCP port; sockets in a folder of
        # one's own belong to nobody else. Connection files of killed kernels go with the folder.
        os.environ["JUPYTER_RUNTIME_DIR"] = folder
        papermill.execute_notebook(
            request["notebook"],
            request["executed"],
            engine_name=ENGINE,
            parameters=request["parameters"],
            cwd=request["folder"],
            execution_timeout=request["cell_timeout_s"],
            progress_bar=False,
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}}),
        )


if __name__ == "__main__":
    main()
