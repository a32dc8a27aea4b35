from .run import check_fuser as check_fuser
from .run import check_transformer as check_transformer
from .run import fuser_checks as fuser_checks
from .run import transformer_checks as transformer_checks
from .subject import RowsAsImages as RowsAsImages
