from .calibration import Calibration as Calibration
from .calibration import CalibrationError as CalibrationError
from .calibration import read_calibration as read_calibration
from .estimate import Alignment as Alignment
from .estimate import align as align
from .models import MODELS as MODELS
from .rig import align_rig as align_rig
