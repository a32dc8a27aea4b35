from .door import as_float as as_float
from .door import as_levels as as_levels
from .door import luma as luma
from .files import ImageReadError as ImageReadError
from .files import read_image as read_image
from .files import write_image as write_image
from .pixels import to_dtype as to_dtype
