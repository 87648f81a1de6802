"""The files of ``deploy/`` fit what is here: options, extras and paths that they name; the unit by systemd itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from blemish.cli.app import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "blemish.service"])
def test_every_option_is_one_of_blemish_serve(name: str):
    known = {
        option for each in get_command(app).commands["serve"].params for option in [*each.opts, *each.secondary_opts]
    }  # type: ignore[attr-defined]
    lines = [
        line for line in (DEPLOY / name).read_text().splitlines() if re.match("ExecStart|ENTRYPOINT| *command", line)
    ]
    given = {option for line in lines for option in re.findall(r"--[a-z-]+", line)}
    assert given
    assert given <= known


def test_the_image_is_made_of_files_and_extras_that_there_are():
    text = (DEPLOY / "Dockerfile").read_text()
    copied = " ".join(re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE)).split()
    assert [source for source in copied if not (ROOT / source).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {project["readme"], *project["license-files"], "pyproject.toml", "src", "recipes"} <= set(copied)
    (extras,) = re.findall(r'"\.\[(.*)\]"', text)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert "USER blemish" in text


def test_compose_builds_that_image_and_gives_no_password_of_its_own():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    service, database = compose["services"]["blemish"], compose["services"]["database"]
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    assert {volume.partition(":")[0] for one in (service, database) for volume in one["volumes"]} == set(
        compose["volumes"]
    )
    assert "${POSTGRES_PASSWORD:?" in service["command"][1]
    assert database["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path):
    unit = tmp_path / "blemish.service"
    unit.write_text((DEPLOY / "blemish.service").read_text().replace("/opt/blemish/bin/blemish", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
