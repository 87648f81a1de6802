"""Kinds of image files and of what lies beside them in folders: how each is told, and whether it is read here.

The content decides, never the name. A name only says what a file was meant to be whose content says nothing, and
whether a folder's listing takes it for an image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePath

from blemish.errors import install_hint

PREFIX_LENGTH = 512
"""Bytes from a file's start that are enough to tell its kind."""

EXTRA = "formats"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: with its article, as it stands in "… is a HEIC image".
        suffixes: endings of its files' names, lower case.
        signature: matches the first `PREFIX_LENGTH` bytes; None where only the name tells the kind.
        remedy: what to do with such a file where it is not read; None where it is read.
        module: what reads it beyond blemish's own requirements, from the extra ``formats``.
    """

    name: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes] | None = None
    remedy: str | None = None
    module: str | None = None

    @property
    def short_name(self) -> str:
        """The name without its article."""
        return self.name.partition(" ")[2]

    @property
    def is_read(self) -> bool:
        """Whether this installation reads such files."""
        return self.remedy is None and (self.module is None or find_spec(self.module) is not None)

    @property
    def refusal(self) -> str:
        """Why it is not read, to stand behind "… is"."""
        if self.remedy is None:
            return f"{self.name}, which is read once its extra is installed: {install_hint(EXTRA)}"
        return f"{self.name}, which is not read; {self.remedy}"


def _starts(*beginnings: bytes, at: int = 0) -> re.Pattern[bytes]:
    return re.compile(b".{%d}(?:%s)" % (at, b"|".join(map(re.escape, beginnings))), re.DOTALL)


def _brands(pattern: bytes) -> re.Pattern[bytes]:
    """The main brand of an ISO base media file."""
    return re.compile(b".{4}ftyp(?:%s)" % pattern, re.DOTALL)


_EXPORT = "export it as TIFF or PNG"
_RAW_SUFFIXES = (
    ".dng", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".cr2", ".cr3", ".crw", ".orf", ".rw2", ".rwl", ".raf", ".pef",
    ".srw", ".x3f", ".3fr", ".fff", ".iiq", ".mef", ".mos", ".mrw", ".erf", ".kdc", ".dcr", ".gpr", ".raw",
)  # fmt: skip
_VIDEO_SUFFIXES = (
    ".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".flv", ".ogv",
    ".lrv", ".insv", ".braw", ".r3d", ".csq", ".seq",
)  # fmt: skip

JPEG = Kind("a JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), _starts(b"\xff\xd8\xff"))
PNG = Kind("a PNG", (".png", ".apng"), _starts(b"\x89PNG\r\n\x1a\n"))
TIFF = Kind("a TIFF", (".tif", ".tiff", ".btf", ".tf8"), _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))
BMP = Kind("a BMP", (".bmp", ".dib"), _starts(b"BM"))
WEBP = Kind("a WebP image", (".webp",), re.compile(rb"RIFF.{4}WEBP", re.DOTALL))
GIF = Kind("a GIF", (".gif",), _starts(b"GIF87a", b"GIF89a"))
PPM = Kind("a PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), re.compile(rb"P[1-6fF][\s#]"))
JPEG_2000 = Kind(
    "a JPEG 2000 image",
    (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    _starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
)
AVIF = Kind("an AVIF image", (".avif", ".avifs"), _brands(rb"avi[fs]|mif1.{4}(?:.{4}){0,8}?avif"))
HEIF = Kind(
    "a HEIC image",
    (".heic", ".heif", ".heics", ".heifs", ".hif"),
    _brands(rb"he[iv][cmsx]|m[is]f1"),
    module="pi_heif",
)
JPEG_XL = Kind("a JPEG XL image", (".jxl",), _starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), module="imagecodecs")
CAMERA_RAW = Kind(
    "a camera raw file",
    _RAW_SUFFIXES,
    re.compile(rb"II\*\0.{4}CR|.{4}ftypcrx|IIR[OS]|MMOR|IIU\0|FUJIFILMCCD-RAW|FOVb|\0MRM", re.DOTALL),
    module="rawpy",
)

KINDS = (
    # Camera raw files before TIFF, and AVIF before HEIF, whose signatures some of them share.
    CAMERA_RAW, JPEG, PNG, TIFF, BMP, WEBP, GIF, PPM, JPEG_2000, AVIF, HEIF, JPEG_XL,
    Kind("a Photoshop file", (".psd", ".psb"), _starts(b"8BPS"), _EXPORT),
    Kind(
        "a PDF",
        (".pdf",),
        _starts(b"%PDF"),
        "extract its images as PNG or TIFF, or give the file itself to blemish inspect",
    ),
    Kind(
        "a video",
        _VIDEO_SUFFIXES,
        re.compile(
            rb".{4}(?:ftyp|moov|mdat|wide|free)|RIFF.{4}AVI |\x1aE\xdf\xa3|\0{2}\x01[\xb3\xba]|FLV|OggS", re.DOTALL
        ),
        "extract its frames as PNG or JPEG, or give the video itself to blemish inspect",
    ),
    Kind(
        "an archive",
        (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".iso"),
        re.compile(rb"PK[\x03\x05]|Rar!|7z\xbc\xaf|\x1f\x8b|BZh[1-9]|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar", re.DOTALL),
        "unpack it, or give a zip or tar file itself to blemish inspect",
    ),
    Kind("an OpenEXR image", (".exr",), _starts(b"\x76\x2f\x31\x01"), _EXPORT),
    Kind("a Radiance HDR image", (".hdr",), _starts(b"#?RADIANCE", b"#?RGBE"), _EXPORT),
    Kind("a DICOM file", (".dcm", ".dicom"), _starts(b"DICM", at=128), _EXPORT),
    Kind("a FITS image", (".fits", ".fit", ".fts"), _starts(b"SIMPLE  ="), _EXPORT),
    Kind("an HDF5 file", (".h5", ".hdf5"), _starts(b"\x89HDF"), _EXPORT),
    Kind("a NumPy array", (".npy", ".npz"), _starts(b"\x93NUMPY"), _EXPORT),
    Kind("a JPEG XR image", (".jxr", ".wdp", ".hdp"), _starts(b"II\xbc\x01"), _EXPORT),
    Kind("a DDS texture", (".dds",), _starts(b"DDS "), _EXPORT),
    Kind("an icon", (".ico", ".cur", ".icns"), _starts(b"icns"), _EXPORT),
    Kind("a QOI image", (".qoi",), _starts(b"qoif"), _EXPORT),
    Kind("a GIMP or Krita file", (".xcf", ".kra"), _starts(b"gimp xcf"), _EXPORT),
    Kind("a PostScript or Illustrator file", (".eps", ".ps", ".ai"), _starts(b"%!PS"), _EXPORT),
    Kind(
        "a vector drawing",
        (".svg", ".svgz", ".wmf", ".emf", ".dwg", ".dxf"),
        re.compile(rb"\s*(<\?xml.*)?<svg", re.DOTALL),
        _EXPORT,
    ),
    Kind("a Targa image", (".tga",), None, _EXPORT),
    Kind("a PCX image", (".pcx",), None, _EXPORT),
    Kind("an ECW or MrSID image", (".ecw", ".sid"), _starts(b"msid"), _EXPORT),
    Kind(
        "a point cloud",
        (".las", ".laz", ".e57", ".ply", ".pcd"),
        _starts(b"LASF", b"ASTM-E57"),
        "render views of it as PNG",
    ),
)  # fmt: skip

READ_KINDS = tuple(kind for kind in KINDS if kind.remedy is None)

IMAGE_SUFFIXES = frozenset(suffix for kind in READ_KINDS if kind.is_read for suffix in kind.suffixes)
"""Endings of the names of files that this installation reads, lower case."""


def identify(prefix: bytes, name: str) -> Kind | None:
    """The kind of a file: by its content, or by its name where that says nothing.

    Args:
        prefix: its first `PREFIX_LENGTH` bytes, or all of it where it is shorter.
        name: its name; only the ending matters.
    """
    suffix = PurePath(name).suffix.lower()
    kind = next((kind for kind in KINDS if kind.signature is not None and kind.signature.match(prefix)), None)
    if kind is TIFF and suffix in CAMERA_RAW.suffixes:
        # Most camera raw files are TIFFs by their first bytes.
        return CAMERA_RAW
    return kind or next((kind for kind in KINDS if suffix in kind.suffixes), None)
