from pathlib import Path

import cv2
import numpy as np
import pytest

from skfusion.images import as_float, luma

from .deep.outputs import unclipped

_GOLDEN = Path(__file__).resolve().parents[1] / "golden"


class Original:
    """One reference output: inputs, the result of the original, how exact it is."""

    def __init__(self, folder, method, pair):
        scene = pair.removesuffix("rgb")
        self.ir = self._read(folder / "inputs" / f"{scene}_ir.png")
        suffix = "vis_rgb" if pair.endswith("rgb") else "vis"
        self.vis = self._read(folder / "inputs" / f"{scene}_{suffix}.png")
        with np.load(folder / "fusers" / f"{method}_{pair}.npz") as stored:
            self.uint8 = stored["uint8"]
            self.fused = stored["fused"].astype(np.float64)
            scale = float(stored["scale"])
            self.gain = float(stored["gain"]) / 255 if "gain" in stored else 1.0
        # The stored values are float32, those of the larger pairs also rounded to
        # 2**-10 of a grey level: no result can be told to be closer than that.
        step = np.spacing(np.abs(self.fused).astype(np.float32)).astype(np.float64)
        if scene != "odd":
            step = np.maximum(step, 2.0**-10 if scale == 255 else 2.0**-18)
        self.resolution = step / 2 / scale
        self.fused = self.fused / scale

    @staticmethod
    def _read(path):
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return image if image.ndim == 2 else np.ascontiguousarray(image[..., ::-1])

    def result(self, fuser):
        """The fuser's result before clipping, on the scale of ``fused``."""
        pair = as_float(self.ir), as_float(self.vis)
        own = hasattr(fuser, "_fuse_batch")
        fused = unclipped(fuser, *pair) if own else fuser._fuse_any(*pair)
        return np.asarray(fused) / self.gain

    def excess(self, fuser):
        """How far the result lies beyond the rounding of the stored values."""
        return np.abs(self.result(fuser) - self.fused) - self.resolution


@pytest.fixture
def original(request):
    """Return ``original(method, pair)``; the pair odd is here, the others shared."""

    def load(method, pair="odd"):
        folder = _GOLDEN
        if not pair.startswith("odd"):
            folder = request.getfixturevalue("shared") / "golden"
        return Original(folder, method, pair)

    return load


class PublishedPairs:
    """The development pairs of VIFB with the results published for a method."""

    names = (
        "carShadow",
        "elecbike",
        "kettle",
        "man",
        "manCall",
        "manCar",
        "manlight",
        "peopleshadow",
        "running",
        "walking",
    )

    def __init__(self, data):
        self._data = data

    def difference(self, fuser, method, name, *, jpeg_inputs=False):
        """Mean and largest difference in levels from the published JPEG.

        Ours takes the same way through a JPEG of quality 75; `jpeg_inputs` says that
        the benchmark also saved the inputs so.
        """
        ir = cv2.imread(str(self._data / "VIFB" / "ir" / f"{name}.jpg"))
        vis = cv2.imread(str(self._data / "VIFB" / "vis" / f"{name}.jpg"))
        if jpeg_inputs:
            ir, vis = _through_jpeg(ir), _through_jpeg(vis)
        published = self._data / "published_results" / method / "VIFB" / f"{name}.jpg"
        theirs = cv2.imread(str(published)).astype(np.int16)
        fused = fuser._fuse_any(luma(as_float(ir)), as_float(vis[..., ::-1].copy()))
        levels = np.floor(np.clip(fused, 0, 1) * 255 + 0.5).astype(np.uint8)
        ours = _through_jpeg(levels[..., ::-1]).astype(np.int16)
        ours = ours[: theirs.shape[0], : theirs.shape[1]]
        difference = np.abs(ours - theirs)
        return difference.mean(), int(difference.max())


def _through_jpeg(image):
    code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return cv2.imdecode(code, cv2.IMREAD_COLOR)


@pytest.fixture
def vifb(shared):
    """The published results on VIFB, or skip."""
    if not (shared / "data" / "VIFB").is_dir():
        pytest.skip("no folder ../shared/data/VIFB")
    return PublishedPairs(shared / "data")


def _images():
    rng = np.random.default_rng(3)
    for shape in [(1, 1), (1, 9), (9, 1), (2, 2), (7, 5), (3, 40), (33, 17)]:
        noise = rng.random((2, *shape), dtype=np.float32)
        yield from [
            (noise[0], noise[1]),
            (noise[0], noise[0]),
            (np.zeros(shape, np.float32), noise[0]),
            (noise[0], np.ones(shape, np.float32)),
            (np.full(shape, 0.3, np.float32), np.full(shape, 0.7, np.float32)),
            (np.zeros(shape, np.float32), np.zeros(shape, np.float32)),
        ]


@pytest.fixture
def check_any_image():
    """Return a check: any size, constant and equal images give a finite picture."""

    def check(fuser, *, identity=None):
        for ir, vis in _images():
            before = ir.copy(), vis.copy()
            fused = fuser._fuse_plane(ir, vis)
            assert fused.shape == ir.shape
            assert np.isfinite(fused).all(), (ir.shape, fused)
            np.testing.assert_array_equal(ir, before[0])
            np.testing.assert_array_equal(vis, before[1])
            if identity is not None and np.array_equal(ir, vis):
                np.testing.assert_allclose(fused, ir, rtol=0, atol=identity)

    return check
