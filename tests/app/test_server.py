"""How the server is started, and what it is told."""

import pytest

from skfusion.app import server
from skfusion.app.server import run_app, streamlit_options
from skfusion.cli import main


class Bootstrap:
    """Streamlit's, as far as it is used."""

    def __init__(self):
        self.calls = []

    def load_config_options(self, options):
        self.calls.append(options)

    def run(self, script, is_hello, arguments, options):
        self.calls.append((script, is_hello, arguments, options))


@pytest.fixture
def bootstrap(monkeypatch):
    made = Bootstrap()
    monkeypatch.setattr(server, "_load_bootstrap", lambda: made)
    return made


def test_it_tells_nobody_and_stays_on_this_machine(bootstrap, capsys):
    run_app()
    options, (script, is_hello, arguments, again) = bootstrap.calls
    assert options == again == streamlit_options("127.0.0.1", 8501, True)
    assert options["browser_gatherUsageStats"] is False
    assert options["server_address"] == "127.0.0.1"
    assert options["server_enableXsrfProtection"] is True
    assert options["server_maxUploadSize"] == 200
    assert script.endswith("page.py") and not is_hello and arguments == []
    said = capsys.readouterr().out
    assert said == "skfusion app: http://127.0.0.1:8501 (Ctrl-C ends it)\n"


def test_the_command_has_the_same_options(bootstrap, capsys):
    assert main(["app", "--address", "::", "--port", "80", "--no-browser"]) == 0
    assert bootstrap.calls[0] == streamlit_options("::", 80, False)
    assert bootstrap.calls[0]["server_headless"] is True
    said = capsys.readouterr().out
    assert "http://[::]:80" in said and "there is no password" in said


@pytest.mark.parametrize("port", [0, 65536, True])
def test_a_port_is_a_port(port, bootstrap):
    with pytest.raises(ValueError, match=f"port={port}: expected a number"):
        run_app(port=port)


def test_every_setting_is_one_that_streamlit_knows():
    config = pytest.importorskip("streamlit.config")
    known = {name.replace(".", "_", 1) for name in config._config_options_template}
    assert set(streamlit_options("127.0.0.1", 8501, True)) <= known


def test_without_streamlit_there_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "streamlit.web", None)
    assert main(["app"]) == 2
    said = capsys.readouterr().err
    assert said == (
        'skfusion app: The app needs Streamlit: pip install "skfusion[app]" (or pip '
        "install streamlit).\n"
    )
