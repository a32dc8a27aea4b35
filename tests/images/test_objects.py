"""Whatever is given as an image: read, or an error whose way out runs."""

import io
import re

import cv2
import numpy as np
import PIL.Image
import pytest
import torch

import skfusion
from skfusion.fusers import AverageFuser
from skfusion.images import ImageWarning, as_float, as_levels, read_image, to_dtype
from skfusion.images.objects import as_array
from skfusion.metrics import registry
from skfusion.transforms import LinearStretch

RAMP = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))
FLOAT = (RAMP / 255).astype(np.float32)


def follow(message, image):
    """Run each piece of code that an error offers; return the results."""
    inside = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
    counts = r"LinearStretch\(\)\.transform\(\[image\.astype\(np\.uint16\)\]\)\[0\]"
    found = re.findall(rf"{counts}|(?:image\.|np\.)\w+\({inside}\)", message)
    assert found, message
    names = {"np": np, "image": image, "LinearStretch": LinearStretch}
    return [eval(code, names) for code in found]


def refused(image, match="image"):
    with pytest.raises(ValueError, match=match) as caught:
        as_float(image)
    assert type(caught.value) is ValueError
    return str(caught.value)


# ------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "dtype", [np.int8, np.int16, np.int32, np.int64, np.uint32, np.uint64, ">i4"]
)
def test_integers_of_no_range_are_refused_with_ways_that_work(dtype):
    image = (RAMP // 4).astype(dtype)
    message = refused(image, r"has dtype .*int\d+ and values 0..63: use uint8, uint16")
    grey, scaled = follow(message, image)
    np.testing.assert_array_equal(as_float(grey), as_float(RAMP // 4))
    np.testing.assert_allclose(as_float(scaled), RAMP / 252, atol=1e-6)


def test_no_way_leads_grey_levels_to_black():
    message = refused(RAMP.astype(np.int32))
    assert "uint16)" not in message
    for way in follow(message, RAMP.astype(np.int32)):
        assert as_float(way).mean() > 0.4


def test_integers_beyond_8_bits_are_not_called_grey_levels():
    image = RAMP.astype(np.int32) * 100
    message = refused(image, "values 0..25200")
    assert "np.uint8" not in message and "np.uint16" in message
    for way in follow(message, image):
        np.testing.assert_allclose(as_float(way), RAMP / 252, atol=1e-6)


@pytest.mark.parametrize(
    "image",
    [
        np.array([[-32768, 0, 32767]], np.int16),
        np.array([[0, 70_000]], np.int64),
        np.array([[0, 2**63]], np.uint64),
    ],
    ids=["negative", "beyond 16 bits", "beyond 63 bits"],
)
def test_integers_of_any_other_span_are_scaled_without_overflow(image):
    message = refused(image)
    assert "astype" not in message
    (scaled,) = follow(message, image)
    out = as_float(scaled)
    assert (out[0, 0], out[0, -1]) == (0, 1)
    if image.size == 3:
        np.testing.assert_allclose(out[0, 1], 32768 / 65535)


def test_floats_out_of_range_name_a_scale_that_works():
    celsius = np.array([[-5.25, 10, 33.5]])
    (scaled,) = follow(refused(celsius, "values from -5.25 to 33.5"), celsius)
    np.testing.assert_allclose(as_float(scaled), (celsius + 5.25) / 38.75, atol=1e-6)


def test_complex_numbers_are_refused_with_their_modulus():
    image = FLOAT * np.exp(1j * FLOAT)
    (scaled,) = follow(refused(image, "has dtype complex64"), image)
    np.testing.assert_allclose(as_float(scaled), RAMP / 252, atol=1e-6)


def test_objects_that_are_numbers_can_be_made_numbers():
    image = FLOAT.astype(object)
    (numbers,) = follow(refused(image, "has dtype object"), image)
    np.testing.assert_array_equal(as_float(numbers), FLOAT)
    refused(np.array([["1", "2"]]), "has dtype <U1.*the text stands for")
    refused([[1, 2], [3]], "a list that NumPy cannot read")


@pytest.mark.parametrize("dtype", [">u2", ">f2", ">f4", ">f8", np.longdouble])
def test_the_order_of_bytes_and_longer_floats_change_nothing(dtype):
    plain = RAMP.astype(np.uint16) * 257 if dtype == ">u2" else FLOAT
    if dtype in (">f2", ">f8", np.longdouble):
        plain = plain.astype(np.float16 if dtype == ">f2" else np.float64)
    other = plain.astype(dtype)
    np.testing.assert_array_equal(as_float(other), as_float(plain))
    assert as_float(other).dtype.isnative
    assert as_levels(other).dtype == np.float64
    np.testing.assert_allclose(as_levels(other), as_levels(plain), rtol=0, atol=1e-12)
    fused = skfusion.fuse(other, other, "average")
    assert fused.dtype == (np.float64 if dtype is np.longdouble else plain.dtype)
    np.testing.assert_allclose(fused, plain, rtol=1e-6)


@pytest.mark.parametrize("dtype", [">f4", np.longdouble])
@pytest.mark.parametrize(
    ("key", "variant"),
    [
        ("ssim", {}),
        ("fmi", {"variant": "edge"}),
        ("vif", {"variant": "wavelet"}),
    ],
)
def test_metrics_take_every_float(dtype, key, variant):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (176, 180)) / 255 for _ in range(3)]
    plain = registry[key](*(x.astype(np.float32) for x in images), **variant)
    other = registry[key](
        *(x.astype(np.float32).astype(dtype) for x in images), **variant
    )
    np.testing.assert_allclose(other, plain, rtol=1e-4)


# ------------------------------------------------------------------------- objects


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_no_image_at_all_is_said_to_be_none(nothing):
    with pytest.raises(
        ValueError,
        match=r"infrared of pair 'pair_0000' is (None|nan), "
        r"no image: .*cv2.imread",
    ):
        AverageFuser().transform([(nothing, RAMP)])


def test_bytes_of_a_file_are_to_be_decoded():
    buffer = io.BytesIO()
    PIL.Image.fromarray(RAMP).save(buffer, "PNG")
    message = refused(buffer.getvalue(), r"is \d+ bytes of an encoded file")
    (code,) = re.findall(r"PIL\S+\)\)", message)
    image = eval(code, {"PIL": PIL, "io": io, "image": buffer.getvalue()})
    np.testing.assert_array_equal(as_float(image), as_float(RAMP))


def test_masked_pixels_are_filled_by_their_owner():
    image = np.ma.masked_greater(FLOAT, 0.5)
    count = int(image.mask.sum())
    (filled,) = follow(refused(image, f"holds {count} masked pixels"), image)
    np.testing.assert_array_equal(as_float(filled), np.where(FLOAT > 0.5, 0, FLOAT))
    np.testing.assert_array_equal(as_float(np.ma.array(FLOAT)), FLOAT)


@pytest.mark.filterwarnings("ignore:.*quantize:UserWarning")
@pytest.mark.parametrize(
    "change",
    [
        lambda tensor: tensor.requires_grad_(),
        lambda tensor: tensor.bfloat16(),
        lambda tensor: tensor.to_sparse(),
        lambda tensor: torch.quantize_per_tensor(tensor, 1 / 255, 0, torch.quint8),
        lambda tensor: tensor.bfloat16().to_sparse().requires_grad_(),
    ],
    ids=["grad", "bfloat16", "sparse", "quantized", "all at once"],
)
def test_tensors_that_numpy_cannot_read_name_the_call_that_helps(change):
    tensor = change(torch.tensor(FLOAT))
    message = refused(tensor, "image is a Tensor that NumPy cannot read")
    array = eval(re.search(r"image\.detach\S+\(\)", message)[0], {"image": tensor})
    np.testing.assert_allclose(as_float(array), FLOAT, atol=0.004)
    np.testing.assert_array_equal(as_float(torch.tensor(FLOAT)), FLOAT)


def test_arrays_of_other_devices_name_the_call_that_helps():
    image = cv2.UMat(RAMP)
    refused(image, r"image is a UMat that NumPy cannot read: give image\.get\(\)\.")
    np.testing.assert_array_equal(as_float(image.get()), as_float(RAMP))
    refused({1: 2}, r"is a dict .*numpy\.asarray\(image\) has to give an array")
    np.testing.assert_array_equal(as_float(memoryview(RAMP)), as_float(RAMP))


@pytest.mark.parametrize("shape", [(3, 8, 9), (1, 8, 9), (8, 9, 2), (8, 9, 4)])
def test_shapes_of_other_orders_name_the_call_that_helps(shape):
    image = np.zeros(shape)
    message = refused(image, r"has shape .*expected \(H, W\) or \(H, W, 3\)")
    code = re.search(r"(np\.moveaxis\(.*?\)|image\[[^]]*\])\.$", message)[1]
    out = eval(code, {"np": np, "image": image})
    assert as_float(out).shape[:2] == (8, 9)


def test_what_a_foreign_object_raises_becomes_a_value_error():
    class Odd:
        def __array__(self, dtype=None, copy=None):
            raise KeyError("nothing")

    refused(Odd(), "image is a Odd that NumPy cannot read .*nothing")

    class Full:
        def __array__(self, dtype=None, copy=None):
            raise MemoryError

    with pytest.raises(MemoryError):
        as_array(Full())


# ------------------------------------------------------------------ Pillow's images


def pictures():
    gray = PIL.Image.fromarray(RAMP)
    turned = PIL.Image.fromarray(255 - RAMP).convert("P")
    turned.putpalette([v for i in range(256) for v in (255 - i,) * 3])
    colour = PIL.Image.fromarray(np.dstack([RAMP, RAMP[:, ::-1], RAMP]))
    return {
        "L": gray,
        "palette that turns": turned,
        "palette of colours": colour.quantize(16),
        "1": gray.convert("1"),
        "RGB": colour,
        "LA": gray.convert("LA"),
        "RGBA": colour.convert("RGBA"),
        "I;16": PIL.Image.fromarray(RAMP.astype(np.uint16) * 257),
    }


@pytest.mark.filterwarnings("ignore::skfusion.images.FalseColourWarning")
@pytest.mark.parametrize("mode", pictures())
def test_a_pillow_image_is_what_its_file_is(tmp_path, mode):
    picture = pictures()[mode]
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(as_array(picture), read_image(tmp_path / "a.png"))
    by_path = skfusion.fuse(tmp_path / "a.png", tmp_path / "a.png", "average")
    np.testing.assert_array_equal(skfusion.fuse(picture, picture, "average"), by_path)


def test_other_modes_of_pillow():
    colour = pictures()["RGB"]
    for mode in ("CMYK", "YCbCr", "HSV"):
        back = as_array(colour.convert(mode))
        assert np.abs(back.astype(int) - np.asarray(colour)).max() < 12
    np.testing.assert_array_equal(as_float(PIL.Image.fromarray(FLOAT)), FLOAT)
    refused(PIL.Image.fromarray(RAMP.astype(np.int32)), "has dtype int32")
    refused(colour.convert("LAB"), "mode LAB is unknown")


def test_alpha_of_a_pillow_image_is_dropped_with_a_warning():
    picture = pictures()["RGB"]
    picture.putalpha(PIL.Image.fromarray(RAMP))
    with pytest.warns(ImageWarning, match="visible has an alpha channel"):
        as_float(picture, "visible")


def test_to_dtype_knows_the_order_of_the_machine():
    assert to_dtype(FLOAT, ">u2").dtype == np.uint16
    assert to_dtype(FLOAT, ">f4").dtype == np.float32
