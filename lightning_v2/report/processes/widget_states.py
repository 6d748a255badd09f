"""An engine of papermill that keeps the states of widgets whatever becomes of the kernel.

nbclient writes them down when the last cell has run; of a notebook whose kernel dies nothing would
be heard any more.
"""

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

ENGINE = "widget states"


class _Client(PapermillNotebookClient):
    def papermill_execute_cells(self) -> None:
        try:
            super().papermill_execute_cells()
        finally:
            self.set_widgets_metadata()
            self.nb_man.save()


class _Engine(NBClientEngine):
    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, execution_timeout=None, **options):
        known = _Client.class_traits()
        wanted = {name: value for name, value in options.items() if name in known}
        client = _Client(
            nb_man, kernel_name=kernel_name, timeout=execution_timeout, log=logger, **wanted
        )
        return client.execute()


papermill_engines.register(ENGINE, _Engine)
