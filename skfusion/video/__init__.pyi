from .containers import VideoError as VideoError
from .evaluating import evaluate_video as evaluate_video
from .fusing import VideoReport as VideoReport
from .fusing import fuse_video as fuse_video
from .fusing import iter_video as iter_video
