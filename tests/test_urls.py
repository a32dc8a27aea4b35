"""Files behind addresses: as on this machine, whole, by name when they fail."""

import gc
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from joblib.externals import loky

from skfusion import ImagePairs, _urls, load_pairs
from skfusion._atomic_files import remove_leftovers, replace_file
from skfusion._urls import URLPath, as_path, at_hand, is_url, listed, walk
from skfusion.batch import BatchError, fuse_folder
from skfusion.cli import main
from skfusion.fused_files import check_not_input, find_fused, output_paths
from skfusion.fusers import AverageFuser
from skfusion.images import ImageReadError, read_image, write_image
from skfusion.metrics import evaluate

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def store():
    """The store of fsspec in this process, empty."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


@pytest.fixture
def pairs(store):
    return write_set("memory://set", 4)


def write_set(folder, n, shape=(12, 16)):
    rng = np.random.default_rng(0)
    for side in ("ir", "vis"):
        for i in range(n):
            image = rng.integers(0, 255, shape, np.uint8)
            write_image(f"{folder}/{side}/{i}.png", image)
    return load_pairs(folder)


@pytest.mark.parametrize("text", ["s3://bucket/day/1.png", "memory://a/b.c"])
def test_an_address_is_a_path_with_its_two_slashes(text):
    path = as_path(text)
    assert str(path) == text and path == as_path(path)
    assert str(path.parent / path.name) == text
    assert pickle.loads(pickle.dumps(path)) == path
    assert {path: 1}[as_path(text)] == 1
    assert path.resolve() == path and path.samefile(text)
    below = path.relative_to(path.parent)
    assert str(below) == path.name and not is_url(below)


def test_a_name_with_a_colon_is_no_address():
    path = as_path("s3://bucket/cam:/1:2.png").relative_to(as_path("s3://bucket"))
    assert path.as_posix() == "cam:/1:2.png"
    assert not is_url("cam:1.png") and not is_url(np.zeros(2)) and not is_url(None)


def test_files_of_this_machine_are_paths_as_ever(tmp_path):
    assert type(as_path("a/b.png")) is type(Path("a/b.png"))
    name = tmp_path / "a.png"
    assert as_path(f"file://{name}") == name
    assert at_hand("./a.png") == "./a.png" and at_hand(name) is name
    write_image(f"file://{name}", np.zeros((3, 4)))
    assert read_image(name.as_uri()).shape == (3, 4)
    X = ImagePairs([name.as_uri()], [str(name)])
    assert X.paths(0) == (name, name)
    report = fuse_folder(AverageFuser(), X, f"file://{tmp_path}/out")
    assert report.records[0].output == str(tmp_path / "out" / "a.png")
    with pytest.raises(ValueError, match="is a source"):
        check_not_input([name], [name.as_uri()])


def test_without_fsspec_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"skfusion\[remote\]"):
        read_image("s3://bucket/a.png")


def test_images_go_there_and_back(store):
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    write_image("memory://a/b.tif", image, bit_depth=16)
    np.testing.assert_array_equal(read_image("memory://a/b.tif"), image)
    with pytest.raises(FileExistsError, match="memory://a/b.tif"):
        write_image("memory://a/b.tif", image, overwrite=False)


def test_errors_name_the_address(store):
    with pytest.raises(FileNotFoundError, match="'memory://a/none.png' is not there"):
        read_image("memory://a/none.png")
    store.pipe_file("/a/bad.png", b"no image")
    with pytest.raises(ImageReadError, match="memory://a/bad.png"):
        read_image("memory://a/bad.png")
    with pytest.raises(ValueError, match="'memory://none' is no folder"):
        load_pairs("memory://none")
    with pytest.raises(OSError, match="'nonsense://a.png': ValueError: Protocol"):
        read_image("nonsense://a.png")


def test_a_file_beyond_any_image_is_not_read_whole(store, monkeypatch):
    store.pipe_file("/big.png", b"x" * 100)
    monkeypatch.setattr("skfusion.images.files._check_size", check := Seen())
    with pytest.raises(ImageReadError):
        read_image("memory://big.png")
    assert check.size == 100
    assert as_path("memory://big.png").read_bytes(10) == b"x" * 10


class Seen:
    def __call__(self, path, size, limit):
        self.size = size


@pytest.mark.parametrize(
    ("raised", "kind"),
    [(PermissionError("no"), PermissionError), (KeyError("odd"), OSError)],
)
def test_what_a_store_raises_is_an_oserror_that_names_it(
    store, monkeypatch, raised, kind
):
    def fail(self, path, **kwargs):
        raise raised

    monkeypatch.setattr(type(store), "cat_file", fail)
    with pytest.raises(kind, match="memory://a.png"):
        read_image("memory://a.png")
    monkeypatch.setattr(type(store), "cat_file", raise_import)
    with pytest.raises(ImportError, match="'memory://a.png': gcsfs"):
        read_image("memory://a.png")


def raise_import(self, path, **kwargs):
    raise ImportError("gcsfs is not installed")


def test_where_uploads_are_not_whole_they_are_renamed(store, monkeypatch):
    monkeypatch.setattr(_urls, "_WHOLE", frozenset())
    moved = []
    move = type(store).mv

    def mv(self, one, two, **kwargs):
        moved.append((one, two))
        move(self, one, two, **kwargs)

    monkeypatch.setattr(type(store), "mv", mv)
    as_path("memory://a/b").mkdir()
    assert as_path("memory://a/b").is_dir()
    replace_file("memory://a/b/c.bin", b"123")
    assert store.cat_file("/a/b/c.bin") == b"123" and moved[0][1] == "/a/b/c.bin"
    assert as_path("memory://a/b/c.bin").is_file()

    def fail(self, one, two, **kwargs):
        raise OSError("full")

    monkeypatch.setattr(type(store), "mv", fail)
    with pytest.raises(OSError, match="full"):
        replace_file("memory://a/b/c.bin", b"456")
    assert store.find("/a/b") == ["/a/b/c.bin"]
    assert store.cat_file("/a/b/c.bin") == b"123"


def test_folders_are_walked_as_on_this_machine(pairs, store):
    found = [
        (str(here), sorted(folders), files)
        for here, folders, files in walk(as_path("memory://set"))
    ]
    assert found[0] == ("memory://set", ["ir", "vis"], [])
    assert found[1][2] == ["0.png", "1.png", "2.png", "3.png"]
    for here, folders, _ in walk(as_path("memory://set")):
        folders.clear()
        assert here == as_path("memory://set")


def test_a_set_is_found_by_its_two_folders_too(pairs):
    X = load_pairs(infrared="memory://set/ir", visible="memory://set/vis")
    assert X.names.tolist() == pairs.names.tolist() == ["0", "1", "2", "3"]
    assert all(isinstance(path, URLPath) for path in X.paths(0))
    assert len(load_pairs("memory://set", infrared="ir", visible="vis")) == 4


def test_folders_are_listed_once_and_files_not_asked_for(pairs, store, monkeypatch):
    asked = []
    for name in ("ls", "info"):
        ask = getattr(type(store), name)

        def counted(self, path, *args, ask=ask, name=name, **kwargs):
            asked.append((name, path))
            return ask(self, path, *args, **kwargs)

        monkeypatch.setattr(type(store), name, counted)
    with listed(pairs.files()):
        asked.clear()
        states = [_urls.file_state(path) for path in pairs.files()]
        with pytest.raises(FileNotFoundError):
            _urls.file_state("memory://set/ir/none.png")
        assert not asked
    assert states == [_urls.file_state(path) for path in pairs.files()]
    assert asked
    write_image("memory://set/ir/0.png", np.zeros((5, 6)))
    assert _urls.file_state("memory://set/ir/0.png") != states[0]


def test_the_mark_of_a_store_tells_states_apart():
    entry = {"size": 3, "ETag": '"abc"', "LastModified": 5}
    assert _urls._told(entry) == (3, "abc")
    assert _urls._told({"size": None, "mtime": 1.5}) == (0, "1.5")


def test_a_folder_of_a_store_is_fused_and_resumed(pairs, store):
    out = "memory://out"
    report = fuse_folder(AverageFuser(), pairs[:2], out)
    assert [r.output for r in report.records] == [f"{out}/0.png", f"{out}/1.png"]
    report = fuse_folder(AverageFuser(), pairs, out)
    assert str(report) == "2 written, 2 skipped, 0 failed"
    assert sorted(store.find("/out")) == [
        *("/out/.skfusion.json", "/out/0.png", "/out/1.png", "/out/2.png"),
        "/out/3.png",
    ]
    fused = AverageFuser().transform(pairs)[3]
    np.testing.assert_allclose(read_image(f"{out}/3.png") / 255, fused, atol=0.5 / 255)
    write_image("memory://set/ir/2.png", np.zeros((12, 16)))
    report = fuse_folder(AverageFuser(), pairs, out)
    assert [r.name for r in report.with_status("written")] == ["2"]
    store.pipe_file("/out/1.png", b"mine")
    assert "1: left as somebody changed it" in str(
        fuse_folder(AverageFuser(), pairs, out)
    )
    with pytest.raises(ValueError, match="'memory://out/0.png' was made by Average"):
        fuse_folder(AverageFuser(0.2), pairs, out)
    remove_leftovers(as_path(out))


def test_a_bad_image_of_a_store_costs_its_pair(pairs, store):
    store.pipe_file("/set/vis/1.png", b"")
    with pytest.raises(BatchError, match=r"\n  1: .*memory://set/vis/1.png"):
        fuse_folder(AverageFuser(), pairs, "memory://out")
    assert len(store.glob("/out/*.png")) == 3


def test_no_result_replaces_a_source_in_a_store(pairs):
    with pytest.raises(ValueError, match="'memory://set/vis/0.png' is a source"):
        fuse_folder(AverageFuser(), pairs, "memory://set/vis")


def test_fused_images_of_a_store_are_measured(pairs, store):
    fuse_folder(AverageFuser(), pairs, "memory://out")
    table = evaluate(pairs, "memory://out", ["en", "qabf"])
    here = evaluate(pairs, list(AverageFuser().transform(pairs)), ["en"])
    assert table.shape == (4, 2)
    assert abs(table["en"] - here["en"]).max() < 0.2
    found = find_fused(pairs.names, "memory://out")
    assert list(found.values()) == output_paths(pairs, "memory://out")
    store.rm("/out/3.png")
    with pytest.raises(ValueError, match="lacks 1 of 4 images, first '3'"):
        evaluate(pairs, "memory://out", ["en"])
    assert find_fused(["0"], "memory://none") == {}
    with pytest.raises(ValueError, match="'memory://none' is no folder"):
        evaluate(pairs, "memory://none", ["en"])


def test_the_command_line_takes_addresses(pairs, store, capsys):
    words = ["fuse", "memory://set", "-o", "memory://out", "--method", "average"]
    assert main([*words, "--quiet"]) == 0
    table = ["evaluate", "memory://set", "memory://out", "--metrics", "en,qabf"]
    table += ["-o", "memory://tables/one.csv"]
    assert main(table) == 0
    assert store.cat_file("/tables/one.csv").count(b"\n") == 6
    assert main(table) == 2
    assert "'memory://tables/one.csv' exists: --force" in capsys.readouterr().err
    one = ["fuse", "memory://set/ir/0.png", "memory://set/vis/0.png"]
    assert main([*one, "-o", "memory://one.png", "--method", "average"]) == 0
    assert store.exists("/one.png")


def test_s3(tmp_path, monkeypatch):
    """The same against a server that speaks S3, from several processes."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        try:
            loky.get_reusable_executor().shutdown()  # new workers know the keys
            fsspec.filesystem("s3").mkdir("bucket")
            pairs = write_set("s3://bucket/set", 4)
            out = "s3://bucket/deep/out"
            report = fuse_folder(AverageFuser(), pairs, out, n_jobs=2)
            assert len(report.with_status("written")) == 4
            write_image("s3://bucket/set/ir/2.png", np.zeros((12, 16)))
            report = fuse_folder(AverageFuser(), pairs, out)
            assert [r.name for r in report.with_status("written")] == ["2"]
            assert evaluate(pairs, out, ["en"]).shape == (4, 1)
            fsspec.filesystem("s3").pipe_file("bucket/set/vis/3.png", b"no image")
            with pytest.raises(BatchError, match="3: .*s3://bucket/set/vis/3.png"):
                fuse_folder(AverageFuser(), pairs, out)
            with pytest.raises(FileNotFoundError, match="s3://nobody/a.png"):
                write_image("s3://nobody/a.png", np.zeros((3, 4)))
        finally:
            server.stop()
            loky.get_reusable_executor().shutdown()
            fsspec.filesystem("s3").clear_instance_cache()
            gc.collect()  # old clients complain when they go: here, not in a later test
