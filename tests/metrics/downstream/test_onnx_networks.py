"""Networks in ONNX files: what goes in, and each form of what comes out."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.metrics.downstream import ONNXDetector, ONNXSegmenter

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper  # noqa: E402

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
GRAY = 114 / 255


def save(path, nodes, outputs, constants=(), *, shape=(1, 3, "h", "w"), kind=FLOAT):
    values = [helper.make_tensor_value_info("image", kind, shape)]
    graph = helper.make_graph(
        nodes,
        "test",
        values,
        [helper.make_tensor_value_info(name, k, None) for name, k in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8), path


def constant(path, names=None, *, shape=(1, 3, 64, 96), **arrays):
    """Write a network that says the same of every image."""
    nodes = [helper.make_node("Identity", [f"_{k}"], [k]) for k in arrays]
    kinds = [(k, FLOAT if a.dtype == np.float32 else INT64) for k, a in arrays.items()]
    constants = [(f"_{k}", a) for k, a in arrays.items()]
    model, path = save(path, nodes, kinds, constants, shape=shape)
    if names is not None:
        helper.set_model_props(model, {"names": names})
    onnx.save(model, path)
    return str(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


IMAGE = np.zeros((64, 96))
# Centre, size, two classes; the second overlaps the first, the third is weak.
ROWS = np.array(
    [
        [20, 30, 10, 20, 0.9, 0.1],
        [20, 31, 10, 20, 0.6, 0.2],
        [70, 30, 10, 20, 0.1, 0.2],
        [20, 30, 10, 20, 0.1, 0.8],
        [60, 40, 20, 20, 0.3, 0.5],
        [5, 5, 2, 2, 0, 0],
        [5, 5, 2, 2, 0, 0],
    ],
    np.float32,
)


def test_yolo(path):
    detector = ONNXDetector(constant(path, "{0: 'person', 1: 'car'}", out=ROWS.T[None]))
    found = detector(IMAGE)
    assert found["labels"].tolist() == ["person", "car", "car"]
    np.testing.assert_allclose(found["scores"], [0.9, 0.8, 0.5])
    np.testing.assert_allclose(
        found["boxes"][[0, 2]], [[15, 20, 25, 40], [50, 30, 70, 50]]
    )


def test_threshold_and_overlap_let_boxes_in(path):
    file = constant(path, out=ROWS.T[None])
    assert len(ONNXDetector(file, threshold=0.15)(IMAGE)["scores"]) == 4
    assert len(ONNXDetector(file, threshold=0.85)(IMAGE)["scores"]) == 1
    assert len(ONNXDetector(file, overlap=1.0)(IMAGE)["scores"]) == 4


def test_yolov5_multiplies_by_being_an_object(path):
    objects = np.full((len(ROWS), 1), 0.5, np.float32)
    rows = np.hstack([ROWS[:, :4], objects, ROWS[:, 4:]])[None]
    found = ONNXDetector(constant(path, out=rows), "yolov5")(IMAGE)
    np.testing.assert_allclose(found["scores"], [0.45, 0.4, 0.25])
    many = np.concatenate([rows] * 3, axis=1)  # more rows than columns
    again = ONNXDetector(constant(path, out=many))(IMAGE)
    np.testing.assert_allclose(again["boxes"], found["boxes"])


def test_end_to_end(path):
    rows = np.array([[[15, 20, 25, 40, 0.3, 1], [1, 2, 3, 4, 0.9, 0]]], np.float32)
    found = ONNXDetector(constant(path, out=rows), classes=["person", "car"])(IMAGE)
    assert found["labels"].tolist() == ["person", "car"]
    assert found["boxes"].tolist() == [[1, 2, 3, 4], [15, 20, 25, 40]]


def test_outputs_by_name(path):
    file = constant(
        path,
        "['background', 'person']",
        labels=np.array([1, 7]),
        boxes=np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32),
        scores=np.array([0.5, 0.9], np.float32),
    )
    found = ONNXDetector(file)(IMAGE)
    assert found["labels"].tolist() == ["7", "person"]
    assert found["boxes"].tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]


@pytest.mark.parametrize("names", [None, "nonsense", "3", "{'a': 1}"])
def test_classes_without_names_are_their_numbers(path, names):
    rows = np.array([[[1, 2, 3, 4, 0.9, 2]]], np.float32)
    detector = ONNXDetector(constant(path, names, out=rows))
    assert detector(IMAGE)["labels"].tolist() == ["2"]


def test_boxes_come_back_in_the_pixels_of_the_image(path):
    # 128 x 96 into 64 x 96: scaled by a half to 64 x 48, 24 columns of margin.
    rows = np.array([[[24, 0, 34, 64, 0.9, 0], [0, 0, 96, 64, 0.8, 0]]], np.float32)
    found = ONNXDetector(constant(path, out=rows))(np.zeros((128, 96)))
    assert found["boxes"].tolist() == [[0, 0, 20, 128], [0, 0, 96, 128]]


def mean_planes(path, **form):
    """A segmenter of two classes: 0.5 everywhere, and the first plane."""
    nodes = [
        helper.make_node("Slice", ["image", "zero", "one", "axis"], ["plane"]),
        helper.make_node("Mul", ["plane", "none"], ["black"]),
        helper.make_node("Add", ["black", "half"], ["gray"]),
        helper.make_node("Concat", ["gray", "plane"], ["out"], axis=1),
    ]
    constants = [
        ("zero", np.array([0])),
        ("one", np.array([1])),
        ("axis", np.array([1])),
        ("none", np.array([0], np.float32)),
        ("half", np.array([0.5], np.float32)),
    ]
    model, path = save(path, nodes, [("out", FLOAT)], constants, **form)
    onnx.save(model, path)
    return str(path)


@pytest.mark.parametrize("shape", [(1, 3, "h", "w"), (1, 1, "h", "w"), (1, 3, 64, 96)])
@pytest.mark.parametrize("size", [(64, 96), (50, 70), (7, 5), (33, 200)])
def test_a_segmenter_sees_the_image(path, shape, size):
    image = np.zeros(size, np.float32)
    image[: size[0] // 2] = 1
    classes = ONNXSegmenter(mean_planes(path, shape=shape))(image)
    assert classes.shape == size and classes.dtype == np.int64
    assert (classes != image).mean() <= (0.0 if shape[2] == "h" else 0.05)


def test_colour_reaches_the_network_as_rgb(path):
    image = np.zeros((32, 32, 3))
    image[:, :16, 0] = 1  # red on the left
    image[:, 16:, 2] = 1
    classes = ONNXSegmenter(mean_planes(path))(image)
    assert (classes[:, :16] == 1).all() and (classes[:, 16:] == 0).all()


def test_whole_numbers_and_smaller_maps(path):
    numbers = np.array([[[0, 1], [2, 3]]])
    for out in (numbers, numbers[None]):
        classes = ONNXSegmenter(constant(path, out=out))(IMAGE)
        assert classes[::63, ::95].tolist() == [[0, 1], [2, 3]]
    scores = np.zeros((1, 3, 2, 3), np.float32)
    scores[0, 2, 0] = 1
    scores[0, 1, 1] = 1
    classes = ONNXSegmenter(constant(path, out=scores))(IMAGE)
    assert (classes[:16] == 2).all() and (classes[-16:] == 1).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"form": "ssd"}, "form='ssd': use one of 'auto', 'yolo'"),
        ({"threshold": 2}, "threshold=2"),
        ({"overlap": -1}, "overlap=-1"),
    ],
)
def test_wrong_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        ONNXDetector("net.onnx", **params)


@pytest.mark.parametrize(
    ("out", "params"),
    [
        (np.zeros((1, 4), np.float32), {}),
        (np.zeros((2, 9, 6), np.float32), {}),
        (np.zeros((1, 4, 9), np.float32), {}),
        (np.zeros((1, 9, 5), np.float32), {"form": "end2end"}),
        (np.zeros((1, 9, 5), np.float32), {"form": "yolov5"}),
    ],
)
def test_outputs_that_are_no_boxes(path, out, params):
    with pytest.raises(ValueError, match=r"net.onnx' makes \(.*'yolo' or 'yolov5'"):
        ONNXDetector(constant(path, out=out), **params)(IMAGE)


@pytest.mark.parametrize(
    "out", [np.zeros((1, 1, 4, 4), "f4"), np.zeros((4, 4), "f4"), np.zeros((2, 3))]
)
def test_outputs_that_are_no_classes(path, out):
    out = out if out.dtype == np.float32 else out.astype(np.int64)
    with pytest.raises(ValueError, match="expected a score for each of at least two"):
        ONNXSegmenter(constant(path, out=out))(IMAGE)


def test_inputs_that_are_no_image(path):
    constant(path, shape=(3, 64, 96), out=ROWS.T[None])
    with pytest.raises(ValueError, match=r"takes image tensor\(float\) \[3, 64, 96\]"):
        ONNXDetector(path)(IMAGE)
    with pytest.raises(ValueError, match="there is no such file"):
        ONNXSegmenter(path.with_name("none.onnx"))(IMAGE)
    with pytest.raises(ValueError, match="device='abacus'"):
        ONNXDetector(path, device="abacus")(IMAGE)


def test_a_detector_is_sent_by_its_path(path):
    import pickle

    detector = ONNXDetector(constant(path, out=ROWS.T[None]))
    detector(IMAGE)
    assert len(pickle.dumps(detector)) < 500
    again = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(again(IMAGE)["boxes"], detector(IMAGE)["boxes"])
