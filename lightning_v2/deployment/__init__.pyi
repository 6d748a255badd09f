from .deployment import Deployment as Deployment
from .device.target import open_device as open_device
from .rehearsal import Rehearsal as Rehearsal
from .rehearsal import rehearse as rehearse
