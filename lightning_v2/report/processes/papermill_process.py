"""One notebook in papermill, in a process of its own."""

import os
import tempfile

from lightning_v2.report.processes import forked_kernel


def run(request: dict[str, object]) -> None:
    """Run a notebook; see `execute` for what a request holds. In its kernel it returns as well."""
    kernel = forked_kernel.hold()
    if kernel is None:
        return
    import papermill
    from traitlets.config import Config

    from lightning_v2.report.processes.widget_states import ENGINE

    forked_kernel.offer(kernel)
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
