"""The page, run without a browser: each widget leads where it says."""

from types import SimpleNamespace

import numpy as np
import pytest

testing = pytest.importorskip("streamlit.testing.v1")

from skfusion.app import view  # noqa: E402
from skfusion.app.choices import NOTHING, Choices, build  # noqa: E402
from skfusion.app.view.sidebar import _same  # noqa: E402
from skfusion.app.view.viewer import picture  # noqa: E402

SCRIPT = f"{view.__path__[0]}/page.py"
# Of the harness, which leaves its own folder to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Implicitly cleaning up:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture
def local(monkeypatch):
    import streamlit as st

    known = st.get_option
    monkeypatch.setattr(
        st,
        "get_option",
        lambda key: "127.0.0.1" if key == "server.address" else known(key),
    )


@pytest.fixture
def page(local, pair_files):
    """The page with the small pair, by paths, and a cheap method."""
    app = testing.AppTest.from_file(SCRIPT, default_timeout=120)
    for key, path in zip(("infrared", "visible"), pair_files):
        app.session_state[f"path {key}"] = str(path)
    app.session_state["source"] = "Paths"
    app.session_state["method"] = "average"
    app.session_state["panel"] = "Download"
    app.run()
    assert not app.exception
    yield app
    app.session_state["session"].close()


def code(page):
    assert not page.exception
    return page.code[0].value


def test_the_pair_is_fused_and_its_lines_are_shown(page, pair_files):
    assert not page.error
    assert f"ImagePairs([{str(pair_files[0])!r}]" in code(page)
    assert "PreserveChroma(Pipeline([('fuse', AverageFuser())]))" in code(page)
    assert page.code[1].value.endswith("--model pipeline.json -o fused.png")
    assert "my vis: average, 128 x 96 pixels" in page.caption[0].value


def test_a_parameter_reaches_the_fuser(page):
    page.slider(key="average visible_weight").set_value(0.25).run()
    assert "AverageFuser(visible_weight=0.25)" in code(page)


@pytest.mark.parametrize("method", ["gff", "saif", "cbf", "relative_clarity"])
def test_what_is_not_touched_is_not_written(page, method):
    before = repr(build(Choices(method)).estimator.named_steps["fuse"])
    page.selectbox(key="method").select(method).run()
    assert before.replace(" ", "") in "".join(code(page).split())


def test_one_and_true_are_not_the_same():
    assert _same(1, 1.0) and _same(None, None)
    assert not _same(1, True) and not _same(0, None)


def test_steps_colour_and_size_reach_the_pipeline(page):
    page.selectbox(key="infrared").select("LinearStretch")
    page.selectbox(key="retinex").select("SSR")
    page.selectbox(key="color").select("gray")
    page.selectbox(key="align").select("visible").run()
    page.number_input(key="infrared LinearStretch low").set_value(2.0)
    page.selectbox(key="retinex SSR mode").select("jobson").run()
    for part in (
        "DropChroma(",
        "('align', Resize(to='visible'))",
        "infrared=LinearStretch(low=2.0)",
        "SSR(mode='jobson')",
    ):
        assert part in code(page), part
    assert "--color gray" in page.code[1].value
    page.selectbox(key="infrared").select(NOTHING).run()
    assert "LinearStretch" not in code(page)


def test_a_word_and_a_number_are_one_parameter(page):
    page.selectbox(key="visible").select("HDRC").run()
    widget = "visible HDRC subsample"
    page.selectbox(key=widget).select("a number").run()
    page.number_input(key=f"{widget} number").set_value(4.0).run()
    assert "HDRC(subsample=4.0)" in code(page)
    page.selectbox(key=widget).select("None").run()
    assert "HDRC(subsample=None)" in code(page)


def test_two_cameras_are_registered(page):
    page.selectbox(key="align").select("Register").run()
    page.selectbox(key="align model").select("translation")
    page.selectbox(key="align on_failure").select("identity").run()
    assert "Register(model='translation', on_failure='identity')" in code(page)
    assert "quality of the registration" in page.caption[0].value


def test_switches_and_whole_numbers(page):
    page.selectbox(key="method").select("laplacian_pyramid").run()
    page.number_input(key="laplacian_pyramid n_levels").set_value(2)
    page.checkbox(key="laplacian_pyramid parity").check().run()
    assert "LaplacianPyramid(n_levels=2, parity=True)" in code(page)


def test_a_method_without_parameters_says_so(page):
    page.selectbox(key="method").select("tardal").run()
    assert any("none to choose" in each.value for each in page.caption)


@pytest.mark.parametrize("method", ["average", "laplacian_pyramid"])
def test_maps_or_why_there_are_none(page, method):
    page.selectbox(key="method").select(method)
    page.radio(key="panel").set_value("Maps").run()
    assert not page.exception
    assert bool(page.info) == (method == "laplacian_pyramid")


def test_histograms_and_metrics_are_tables(page):
    page.radio(key="panel").set_value("Histograms").run()
    assert list(page.table[0].value["image"]) == ["infrared", "visible", "fused"]
    page.session_state["metrics"] = "qwqe"
    page.radio(key="panel").set_value("Metrics").run()
    assert not page.exception
    assert list(page.table[0].value["metric"]) == ["Qw", "Qe"]
    assert set(page.table[0].value["better"]) == {"↑ higher"}


def test_the_gallery_is_run_when_asked_and_names_what_failed(page, monkeypatch):
    names = ["average", "tif", "nosuch"]
    monkeypatch.setattr("skfusion.app.results.FAST", names)
    page.radio(key="panel").set_value("Gallery").run()
    assert not page.warning
    page.button(key="run gallery").click().run()
    assert not page.exception
    assert [each.value[:7] for each in page.warning] == ["nosuch:"]
    page.run()
    assert not page.exception and page.warning  # and it stays


@pytest.mark.parametrize(
    ("chosen", "method"), [("gff", "gff"), (None, "average"), ("nothing", "average")]
)
def test_a_chosen_picture_becomes_the_method(chosen, method):
    def script():
        import streamlit as st

        from skfusion.app.view.panels import use_chosen

        use_chosen()
        st.caption(st.session_state["method"])

    app = testing.AppTest.from_function(script)
    app.session_state["method"] = "average"
    if chosen != "nothing":
        app.session_state["gallery"] = SimpleNamespace(chosen=chosen)
    assert app.run().caption[0].value == method


def test_what_is_wrong_is_one_sentence(page, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    page.text_input(key="path visible").set_value(str(tmp_path / "text.png")).run()
    assert [each.value for each in page.error] and not page.exception
    assert "is no PNG, JPEG, TIFF or BMP" in page.error[0].value
    page.text_input(key="path infrared").set_value("").run()
    assert any("Type the path" in each.value for each in page.info)
    assert not page.error


def test_parameters_that_do_not_go_together_are_a_sentence(page):
    page.selectbox(key="infrared").select("LinearStretch").run()
    page.number_input(key="infrared LinearStretch high").set_value(1.0)
    page.number_input(key="infrared LinearStretch low").set_value(2.0).run()
    assert "low=2.0 is not below high=1.0" in page.error[0].value


def test_paths_are_only_typed_where_the_server_is_local():
    app = testing.AppTest.from_file(SCRIPT, default_timeout=120)
    app.session_state["method"] = "average"
    app.session_state["source"] = "Upload"
    app.run()
    assert app.radio(key="source").options == ["Drawn", "Upload"]
    assert any("at least one infrared" in each.value for each in app.info)
    app.session_state["session"].close()


def test_two_videos_show_a_frame_and_become_one(page, tmp_path):
    pytest.importorskip("av")
    from tests.video.clips import scene, write

    for role in ("infrared", "visible"):
        path = write(tmp_path / f"{role}.mkv", [scene(i) for i in range(3)])
        page.text_input(key=f"path {role}").set_value(str(path))
    page.run()
    page.number_input(key="frame").set_value(2).run()
    assert "frame 2: average" in page.caption[0].value
    assert "fuse_video(pipeline" in code(page)
    page.button(key="fuse video").click().run()
    assert not page.exception and not page.error
    page.number_input(key="frame").set_value(9).run()
    assert "the videos end before it" in page.error[0].value


def test_large_pictures_are_reduced_for_the_screen_only():
    image = np.zeros((2000, 3000), np.float32)
    shown = picture("a", image, "note", lossless=False)
    assert shown["note"] == "note, shown at 59%"
    assert shown["src"].startswith("data:image/jpeg;base64,")
    assert shown["ratio"] == 1.5
    colour = picture("b", np.zeros((4, 5, 3)))
    assert colour["note"] == "" and colour["src"].startswith("data:image/png;base64,")
