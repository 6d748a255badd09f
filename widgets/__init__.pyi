from .abx.abx_test import ABXTest as ABXTest
from .explorer.explorer import PrecisionExplorer as PrecisionExplorer
from .player.ab_player import ABPlayer as ABPlayer
from .player.ab_player import Clip as Clip
