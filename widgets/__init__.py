"""The interactive parts of the notebooks; each also works in a page without a kernel."""

import lazy_loader

# Imported on first use: who wants a player need not wait for torch and scipy.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
