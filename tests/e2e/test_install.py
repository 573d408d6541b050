"""What `meson install` puts where: the installed configuration must work with the installed files."""
import os
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MENTIOND_BUILD", "build"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(folder)],
                   check=True, capture_output=True)
    return folder


def the(root, name):
    found = [path for path in root.rglob("*/" + name) if path.is_file()]
    assert found, f"{name} is not installed"
    return found[0]


def test_programs_pages_and_unit_are_there(root):
    for name in ["sbin/mentiond", "bin/mentionctl"]:
        assert os.access(the(root, name), os.X_OK)
    for name in ["places/world.yaml", "mentiond.8", "mentionctl.1", "mentiond-config.5", "mentiond.service"]:
        assert the(root, name).stat().st_size > 0
    unit = the(root, "mentiond.service").read_text()
    for path in re.findall(r"(/\S+)", " ".join(re.findall(r"^Exec\w+=(.*)$", unit, re.M))):
        assert path.startswith("/bin/") or (root / path[1:]).exists(), path


def test_the_installed_configuration_works(root, tmp_path):
    config = next(root.rglob("mentiond/config.yaml"))
    assert config.stat().st_mode & 0o777 == 0o640
    text = re.sub(r"^( +path: )(/\S+)", rf"\1{root}\2", config.read_text(), flags=re.M)
    data = the(root, "rules.schema.json").parent
    here = tmp_path / "config.yaml"
    here.write_text(f"rules_path: {data}\n" + text)
    done = subprocess.run([the(root, "sbin/mentiond"), "--check", "--config", here], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    path = re.search(r"^ +path: (/\S+)", text, re.M)[1]
    assert pathlib.Path(path).is_file(), path


def test_a_second_install_keeps_the_configuration(root):
    config = next(root.rglob("mentiond/config.yaml"))
    config.write_text("# mine\n")
    subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(root)],
                   check=True, capture_output=True)
    assert config.read_text() == "# mine\n"
