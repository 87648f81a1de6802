"""The ground floor: errors that help, whole files, folders from the environment, the public names."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

import blemish
from blemish.cpu import available_threads, cpu_flags, images_at_once
from blemish.errors import BlemishError, did_you_mean
from blemish.files import replacing, write_bytes, write_text
from blemish.locations import data_dir, weights_dir


def test_the_public_names_are_pinned():
    verbs = ["benchmark", "calibrate", "evaluate", "export", "inspect", "load", "measure", "reproduce", "train"]
    assert sorted(blemish.__all__) == ["BlemishError", "Detector", "Finding", "Inspection", "__version__", *verbs]
    assert set(blemish.__all__) <= set(dir(blemish))


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="lode"):
        _ = blemish.lode


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert blemish.__version__ == version("blemish")


@pytest.mark.parametrize(
    ("word", "choices", "said"),
    [
        ("unett", ["padim", "unet"], ' Did you mean "unet"?'),
        ("zzz", ["padim", "unet"], " Known: padim, unet."),
        ("zzz", [], ""),
        ("UNET", ["unet"], " Known: unet."),
    ],
)
def test_a_typo_is_answered(word: str, choices: list[str], said: str):
    assert did_you_mean(word, choices) == said


def test_a_written_file_replaces_the_old_one_whole(tmp_path: Path):
    target = tmp_path / "deep" / "새 파일.txt"
    write_text(target, "old")
    write_text(target, "new 글")
    assert target.read_text(encoding="utf-8") == "new 글"
    assert list(target.parent.iterdir()) == [target]


def test_a_written_file_can_be_read_by_others(tmp_path: Path):
    write_bytes(tmp_path / "file", b"x")
    assert (tmp_path / "file").stat().st_mode & stat.S_IROTH


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path):
    target = tmp_path / "file.txt"
    write_text(target, "old")

    def interrupted() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BlemishError, match="Cannot write"):
        write_text(tmp_path / "file" / "inside.txt", "x")


@pytest.mark.parametrize(("variable", "find"), [("BLEMISH_DATA", data_dir), ("BLEMISH_WEIGHTS", weights_dir)])
def test_folders_come_from_the_environment(variable: str, find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(variable, raising=False)
    assert find() is None
    monkeypatch.setenv(variable, str(tmp_path / "missing"))
    assert find() is None
    monkeypatch.setenv(variable, str(tmp_path))
    assert find() == tmp_path


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    every = available_threads()
    assert every >= 1
    for value, expected in (("1", 1), ("0", every), ("many", every), ("4096", every)):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert available_threads() == expected


@pytest.mark.parametrize(("images", "threads", "expected"), [(0, 2, 1), (1, 8, 1), (3, 2, 2), (9, 3, 3), (900, 16, 4)])
def test_images_fraction_the_cores(images: int, threads: int, expected: int):
    assert images_at_once(images, threads) == expected


def test_processor_flags_are_words():
    assert all(flag == flag.strip() and " " not in flag for flag in cpu_flags())
