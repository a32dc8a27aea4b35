from .front import fuse as fuse
from .named import DEFAULT_METHOD as DEFAULT_METHOD
from .named import get_pipeline as get_pipeline
from .named import pipeline_names as pipeline_names
from .named import registry as registry
from .systems import image_enhancement as image_enhancement
from .systems import relative_clarity as relative_clarity
