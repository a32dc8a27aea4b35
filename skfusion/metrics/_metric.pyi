from collections.abc import Callable
from os import PathLike
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, overload

from numpy.typing import ArrayLike

from .context import Context

P = ParamSpec("P")
Image: TypeAlias = ArrayLike | str | PathLike[str]

class UndefinedMetricWarning(RuntimeWarning): ...
class ImageTooSmallError(ValueError): ...

class Metric(Generic[P]):
    name: str
    title: str
    function: Callable[..., float]
    higher_is_better: bool
    range: tuple[float, float]
    variants: tuple[str, ...]
    default: str
    citation: str
    target: float | None
    def __init__(
        self,
        name: str,
        title: str,
        function: Callable[..., float],
        higher_is_better: bool,
        range: tuple[float, float],
        variants: tuple[str, ...],
        default: str,
        citation: str,
        target: float | None = None,
    ) -> None: ...
    def __call__(
        self,
        infrared: Image,
        visible: Image,
        fused: Image,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> float: ...
    def of(self, ctx: Context, *args: P.args, **kwargs: P.kwargs) -> float: ...
    def compute(self, contexts: list[Context], **kwargs: Any) -> float: ...
    def better(self, value: float) -> float: ...

class ImageMetric(Metric[P]):
    @overload
    def __call__(self, image: Image, *args: P.args, **kwargs: P.kwargs) -> float: ...
    @overload
    def __call__(
        self,
        infrared: Image,
        visible: Image,
        fused: Image,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> float: ...

def metric(
    *,
    title: str,
    higher_is_better: bool,
    range: tuple[float, float],
    variants: tuple[str, ...],
    citation: str,
    target: float | None = None,
) -> Callable[[Callable[Concatenate[Context, P], float]], Metric[P]]: ...
def image_metric(
    *,
    title: str,
    higher_is_better: bool,
    range: tuple[float, float],
    variants: tuple[str, ...],
    citation: str,
    target: float | None = None,
) -> Callable[[Callable[Concatenate[Context, P], float]], ImageMetric[P]]: ...
