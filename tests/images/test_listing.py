from __future__ import annotations

import os
from pathlib import Path

import pytest

from blemish.errors import ImageError
from blemish.images import IMAGE_SUFFIXES, Listing, decode_image, list_images
from blemish.images.formats import KINDS


@pytest.fixture
def folder(tmp_path):
    """Images, hidden files and other files, some levels deep."""
    for name in [
        "10.png",
        "2.png",
        "1.JPG",
        "b/3.tif",
        "b/deep/균열 1.jpeg",
        "a2/x.bmp",
        "a10/x.bmp",
        "notes.txt",
        "mask.csv",
        ".hidden.png",
        ".git/y.png",
        "__MACOSX/._2.png",
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def _names(images, folder):
    return [str(image.relative_to(folder)) for image in images]


def test_a_folder_gives_its_images_in_natural_order(folder):
    expected = ["1.JPG", "2.png", "10.png", "a2/x.bmp", "a10/x.bmp", "b/3.tif", "b/deep/균열 1.jpeg"]
    assert _names(list_images([folder]).images, folder) == expected
    assert _names(list_images([str(folder)]).images, folder) == expected


def test_files_stand_in_the_order_given_whatever_their_suffix(folder):
    given = [folder / "notes.txt", folder / "10.png", folder / ".hidden.png", folder / "2.png"]
    assert list_images(given).images == tuple(given)


def test_what_is_named_twice_stands_once(folder, monkeypatch):
    monkeypatch.chdir(folder)
    images = list_images([folder / "b" / "3.tif", folder, Path("2.png"), folder / "a2" / ".." / "10.png"]).images
    assert images[0] == folder / "b" / "3.tif"
    assert len(images) == 7


def test_nothing_named_is_nothing_found():
    assert list_images([]) == Listing((), ())


def test_links_to_folders_are_followed_and_circles_end(folder):
    (folder / "b" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "c").mkdir()
    (folder / "c" / "other").symlink_to(folder / "a2", target_is_directory=True)
    assert len(list_images([folder]).images) == 7
    assert len(list_images([folder / "c"]).images) == 1


def test_a_hidden_folder_is_searched_when_it_is_named(folder):
    assert _names(list_images([folder / ".git"]).images, folder) == [".git/y.png"]


def test_a_missing_path_is_named(folder):
    with pytest.raises(ImageError, match=r'There is no file or folder ".*nothing here"'):
        list_images([folder, folder / "nothing here"])


def test_a_folder_without_images_says_what_would_be_one(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ImageError, match=r"no image in the folder.*\.bmp.*\.jpg.*\.png.*\.tiff") as raised:
        list_images([tmp_path])
    assert all(suffix in str(raised.value) for suffix in IMAGE_SUFFIXES)


@pytest.mark.parametrize(
    "ordered",
    [
        ["a1", "a2", "a10"],
        ["1", "01x", "1x", "x"],
        ["1a", "1b", "2", "a", "B", "c"],
        ["9 wall", "10 wall", "10 wall 2", "10 wall 10"],
        ["2024-1-9", "2024-1-10", "2024-10-1"],
    ],
)
def test_digits_sort_by_value_and_letters_without_case(tmp_path, ordered):
    for name in reversed(ordered):
        (tmp_path / f"{name}.png").write_bytes(b"x")
    assert [image.stem for image in list_images([tmp_path]).images] == ordered


def test_a_path_that_cannot_be_looked_at_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"Cannot look into|There is no file"):
        list_images([tmp_path / ("x" * 300)])


LOOKS = [
    ("scan.psd", b"8BPS\0\1", "a Photoshop file, which is not read; export it as TIFF or PNG"),
    (
        "report.PDF",
        b"%PDF-1.7",
        "a PDF, which is not read; extract its images as PNG or TIFF, or give the file itself to blemish inspect",
    ),
    (
        "flight.MP4",
        b"\0\0\0\x20ftypisom",
        "a video, which is not read; extract its frames as PNG or JPEG, or give the video itself to blemish inspect",
    ),
    ("flight.mov", b"\0\0\0\x14ftypqt  ", "a video"),
    ("old.avi", b"RIFF\0\0\0\0AVI LIST", "a video"),
    ("clip.webm", b"\x1aE\xdf\xa3", "a video"),
    (
        "day 1.zip",
        b"PK\3\4",
        "an archive, which is not read; unpack it, or give a zip or tar file itself to blemish inspect",
    ),
    ("day 1.tar.gz", b"\x1f\x8b\x08", "an archive"),
    ("day 1.rar", b"Rar!\x1a", "an archive"),
    ("day 1.tar", bytes(257) + b"ustar", "an archive"),
    ("light.exr", b"\x76\x2f\x31\1", "an OpenEXR image"),
    ("light.hdr", b"#?RADIANCE\n", "a Radiance HDR image"),
    ("weld.dcm", bytes(128) + b"DICM", "a DICOM file"),
    ("star.fits", b"SIMPLE  =    T", "a FITS image"),
    ("stack.h5", b"\x89HDF\r\n", "an HDF5 file"),
    ("values.npy", b"\x93NUMPY", "a NumPy array"),
    ("wide.jxr", b"II\xbc\1", "a JPEG XR image"),
    ("drawing.svg", b'<?xml version="1.0"?>\n<svg>', "a vector drawing"),
    ("layers.xcf", b"gimp xcf file", "a GIMP or Krita file"),
    ("texture.tga", b"\0\0\2\0", "a Targa image"),
    ("cloud.las", b"LASF", "a point cloud"),
    ("ortho.ecw", b"\1\2\3", "an ECW or MrSID image"),
    # The content decides where it says something.
    ("named.psd", b"%PDF-1.7", "a PDF"),
    ("no ending", b"%PDF-1.7", "a PDF"),
    ("backup.dat", b"8BPS\0\1", "a Photoshop file"),
]


@pytest.mark.parametrize(("name", "content", "reason"), LOOKS, ids=[name for name, _, _ in LOOKS])
def test_what_looks_like_an_image_and_is_not_read_is_named_with_its_reason(folder, name, content, reason):
    (folder / "b" / name).write_bytes(content)
    listing = list_images([folder])
    ((path, said),) = listing.left_out
    assert path == folder / "b" / name
    assert said.startswith(reason)
    assert len(listing.images) == 7
    assert listing.sentences == [f"Left out 1 {path.suffix.lower() or 'no ending'}: {said}."]
    # The reader says the same.
    with pytest.raises(ImageError) as raised:
        decode_image(content, str(path))
    assert str(raised.value) == f'"{path}" is {said}.'


def test_left_out_files_are_counted_by_ending(folder):
    for number in range(3):
        (folder / f"{number}.psd").write_bytes(b"8BPS")
    (folder / "b" / "4.PSD").write_bytes(b"8BPS")
    (folder / "5.pdf").write_bytes(b"%PDF")
    said = [sentence.split(":")[0] for sentence in list_images([folder]).sentences]
    assert said == ["Left out 4 .psd", "Left out 1 .pdf"]


@pytest.mark.parametrize(
    ("name", "module"), [("IMG_1.HEIC", "pi_heif"), ("scan.jxl", "imagecodecs"), ("DJI_1.DNG", "rawpy")]
)
def test_without_its_extra_a_format_is_left_out_and_the_extra_named(folder, monkeypatch, name, module):
    from blemish.images import formats, listing

    monkeypatch.setattr(formats, "find_spec", lambda wanted: None if wanted == module else True)
    monkeypatch.setattr(listing, "_SUFFIXES", (".jpg", ".png"))
    (folder / name).write_bytes(b"any content")
    ((path, reason),) = list_images([folder]).left_out
    assert path.name == name
    assert reason.endswith(
        'which is read once its extra is installed: in a checkout of blemish, pip install ".[formats]"'
    )


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt", "labels.json", "table.csv", "DJI_1.XMP", "IMG_1.AAE", "GOPR1.THM", "flight.SRT", "track.gpx",
        "read me.md", "world.tfw", "detector.blemish", "no ending", "data.bin", "report.docx",
    ],
)  # fmt: skip
def test_what_is_no_image_is_passed_over(folder, name):
    (folder / name).write_bytes(b"PK\3\4" if name.endswith(("docx", "blemish")) else b"plain words")
    listing = list_images([folder])
    assert len(listing.images) == 7
    assert listing.left_out == ()


@pytest.mark.parametrize(
    "place",
    [
        "@eaDir/1.jpg", "#recycle/1.jpg", "__MACOSX/1.jpg", ".Trashes/1.jpg", ".Trash-1000/files/1.jpg",
        "$RECYCLE.BIN/1.jpg", "System Volume Information/1.jpg", ".thumbnails/1.jpg", "lost+found/1.jpg",
        "@Recycle/1.jpg", "._1.jpg", "Thumbs.db", "desktop.ini", ".DS_Store", "b/@eaDir/SYNO@1.jpg",
        ".AppleDouble/1.jpg",
    ],
)  # fmt: skip
def test_system_files_and_folders_are_passed_over(folder, place):
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(b"\xff\xd8\xff")
    listing = list_images([folder])
    assert len(listing.images) == 7
    assert listing.left_out == ()


def test_the_pictures_of_an_earlier_inspection_are_passed_over(folder):
    for place in (folder, folder / "b" / "results"):
        for name in ("overlays/1.jpg", "masks/1.png", "inspection.json"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(b"{}")
    (folder / "b" / "results" / "own.jpg").write_bytes(b"x")
    (folder / "a2" / "masks").mkdir()
    (folder / "a2" / "masks" / "x.png").write_bytes(b"x")
    assert set(_names(list_images([folder]).images, folder)) - {"b/results/own.jpg", "a2/masks/x.png"} == {
        "1.JPG", "2.png", "10.png", "a2/x.bmp", "a10/x.bmp", "b/3.tif", "b/deep/균열 1.jpeg",
    }  # fmt: skip
    assert len(list_images([folder]).images) == 9


@pytest.mark.parametrize("name", ["0001", "IMG_1.jpg_original", "IMG_1.heic", "IMG_1.bak"])
def test_the_content_of_an_image_counts_under_any_name(tmp_path, scene, encode, name):
    (tmp_path / name).write_bytes(encode(scene, "JPEG"))
    assert list_images([tmp_path]).images == (tmp_path / name,)


def test_a_folder_with_nothing_but_left_out_files_is_no_error(tmp_path):
    (tmp_path / "1.psd").write_bytes(b"8BPS")
    listing = list_images([tmp_path])
    assert listing.images == ()
    assert len(listing.left_out) == 1


def test_a_pipe_in_a_folder_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe")
    assert len(list_images([folder]).images) == 7


def test_no_ending_stands_for_two_kinds():
    suffixes = [suffix for kind in KINDS for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes))
