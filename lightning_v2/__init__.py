"""How little precision can a text-to-speech model run on before anyone can hear it?

import lightning_v2 as lv2

voice = lv2.load()
speech = voice.synthesize("Hello there.")
plan = lv2.Plan.load("lightning-v2")
with lv2.emulate(voice, plan, tier="fast"):
    low = voice.synthesize("Hello there.")
comparison = lv2.compare(voice, "Hello there.", plan)
with lv2.open_device("silicon") as device:
    speech = lv2.Deployment(voice, plan, device).synthesize("Hello there.")
"""

import importlib

import lazy_loader

# First of all modules: it notes what their files are before they are loaded.
importlib.import_module(".sources", __name__)

# The stub says what is where; it is imported on first use: `lightning-v2 --help` needs no torch.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
