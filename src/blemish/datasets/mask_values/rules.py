"""The rules by which the values of a set of mask files get their meaning, or are refused.

Grey values, once the whole set is counted:

1. One value beside 0: it is the defect. JPEGs: above mid-grey.
2. Small values (up to 127) and 255 (or 65535), both in one file: class indices, and 255 is ignored, as in Pascal VOC,
   Cityscapes and MMSegmentation.
3. Most values between black and white lie on edges, or all lie near one of the two: smoothed or compressed masks,
   defective above mid-grey.
4. Else class indices or instance ids: anything above 0 is a defect.

Colours: black is normal (without black, index 0 of the palette, then white), VOC's border colour and a palette's index
255 are ignored, every other colour is a defect. A layer with opacity: the opaque strokes are the defects, whatever
their colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from blemish.datasets.mask_values.census import Census, Value
from blemish.datasets.mask_values.layer import pack, unpack
from blemish.datasets.mask_values.meaning import Meaning
from blemish.errors import DataError

BLACK, WHITE = pack(0, 0, 0), pack(255, 255, 255)
VOC_BORDER = pack(224, 224, 192)
_MAX_INDEX = 127
# Values at a half of full scale alone are no sign of stretched classes: a trimap has them where it is not known.
_MIN_STEPS = 3
_NEAR = 32
_MIN_SHADES, _MAX_FAR_FRACTION = 4, 0.4
_FEW = 16
_GRADED = 0.5
# With fewer index pixels than this for each pixel of 255, they may be stray ones of a black and white mask.
_MIN_INDEX_FRACTION = 0.01
_DIM_FRACTION, _DIM_RIDGES = 2.0, 0.2
_ONE_CLASS = ' They are one class; a labelmap.txt with lines such as "crack:1" keeps classes apart.'
_ADVICE = "save masks as PNG with 0 where normal and 255 where defective"


def decide(census: Census) -> Meaning:
    """What the values of like files mean.

    Raises:
        DataError: more than one reading is possible; the message says which values stand in the way.
    """
    return replace(_decided(census), has_missing=census.missing > 0)


def _decided(census: Census) -> Meaning:
    if census.has_opacity and census.opacity is not None and census.opacity[0] != census.opacity[1]:
        return _layer(census)
    if census.has_opacity:
        # Opacity says nothing where it is the same everywhere, even where it is 0.
        census = _with_values(census, census.values + census.hidden)
        meaning = _by_value(census)
        if census.opacity == (0, 0):
            note = f"The masks are transparent everywhere, so their colours are read. {meaning.note}".strip()
            return replace(meaning, note=note)
        return meaning
    return _by_value(census)


def _by_value(census: Census) -> Meaning:
    if not census.full_scale:
        return _numbers(census)
    if census.lossy:
        return _jpeg(census)
    if all(_is_grey(code) for code in census.values):
        greys = Counter({unpack(int(code))[0]: count for code, count in census.values.items()})
        together = [frozenset(unpack(int(code))[0] for code in values) for values in census.together]
        return _greys(census, greys, together, census.full_scale)
    return _colours(census)


def _greys(census: Census, greys: Counter[int], together: Sequence[frozenset[int]], full: int) -> Meaning:
    """Whole grey values from 0 to ``full``."""
    if full > 255 >= max(greys):
        full = 255  # 8-bit values in a 16-bit file
    middle = full // 2
    above = {value for value in greys if value}
    if 0 not in greys and len(greys) > 1:
        is_graded = _is_graded(census) or len(greys) == 2
        if min(greys) <= middle < max(greys) and is_graded:
            return Meaning(above=middle, note=_cut(middle))
        raise DataError(
            f"{_of(census)} hold the values {_listed(sorted(greys))} and nowhere 0, so nothing tells which is normal; "
            f"{_ADVICE}."
        )
    if len(above) < 2:
        return Meaning(above=0)
    everything = Meaning(
        above=0, note=f"Mask values above 0 ({_listed(sorted(above))}) are all read as defects.{_ONE_CLASS}"
    )
    if max(above) <= middle:
        if _is_graded(census) and len(above) > _FEW:
            raise DataError(
                f"{_of(census)} have smoothed edges and no value above mid-grey ({max(above)} at most), so nothing "
                f"tells where a defect ends; {_ADVICE}."
            )
        return everything
    if _is_graded(census) or _is_compressed(greys, full):
        return Meaning(above=middle, note=_cut(middle))
    if full not in above:
        return everything
    if min(above) > middle and all(len(values - {0}) <= 1 for values in together):
        return everything  # a file for each defect, its value the kind, as MVTec LOCO AD has it
    indices = above - {full}
    steps = _steps(above, full)
    if steps >= _MIN_STEPS and max(indices) > _MAX_INDEX:
        return everything
    if not steps and max(indices) <= _MAX_INDEX:
        return _indices_with_ignore(census, greys, indices, full, together)
    raise DataError(
        f"{_of(census)} hold the values {_listed(sorted(indices))} and {full}, which may be a class of its own or "
        f'stand for "ignore"; {_ADVICE}.'
    )


def _indices_with_ignore(
    census: Census, greys: Counter[int], indices: set[int], white: int, together: Iterable[frozenset[int]]
) -> Meaning:
    if not any(white in values and indices & values for values in together):
        raise DataError(
            f"{_of(census)}: some hold {_listed(sorted(indices))} and others {white}, but none both, so {white} may "
            f'mean a defect or "ignore"; {_ADVICE}.'
        )
    if sum(greys[value] for value in indices) < _MIN_INDEX_FRACTION * greys[white]:
        raise DataError(
            f"{_of(census)} hold a few pixels of {_listed(sorted(indices))} beside many of {white}, so {white} may "
            f'mean a defect or "ignore"; {_ADVICE}.'
        )
    codes = (pack(white, white, white) if census.full_scale else white,)
    note = (
        f"Mask value {white} stands beside class indices ({_listed(sorted(indices))}) and is ignored: such pixels "
        "neither train nor count."
    ) + (_ONE_CLASS if len(indices) > 1 else "")
    return Meaning(above=0, ignored=codes, note=note)


def _jpeg(census: Census) -> Meaning:
    bright = sum(count for code, count in census.values.items() if max(unpack(int(code))) > census.full_scale // 2)
    if 0 < census.brightest <= census.full_scale // 2:
        raise DataError(
            f"{_of(census)} are JPEGs, or compressed as these are, without a value above mid-grey "
            f"({census.brightest:.0f} at most), and class indices do not survive JPEG; {_ADVICE}."
        )
    if census.dim_colours > _DIM_FRACTION * bright:
        raise DataError(
            f"{_of(census)} are JPEGs, or compressed as these are, with dark class colours, which blend with the "
            "background; save masks with class colours as PNG."
        )
    dim, light = census.ridges
    if dim > _DIM_RIDGES * light:
        raise DataError(
            f"{_of(census)} are JPEGs, or compressed as these are, with greys below mid-grey that are no edges: "
            f"classes or ids, which do not survive JPEG; {_ADVICE}."
        )
    return Meaning(above=census.full_scale // 2, note=_cut(census.full_scale // 2))


def _colours(census: Census) -> Meaning:
    middle = census.full_scale // 2
    if census.too_many or _is_graded(census):
        dark = [code for code in _large(census) if 0 < max(unpack(int(code))) <= middle]
        if dark:
            raise DataError(
                f"{_of(census)} have smoothed edges and dark class colours such as {_named(dark[0])}, which cannot be "
                f"told from the edges of bright ones; {_ADVICE}."
            )
        return Meaning(above=middle, note=_cut(middle))
    ignored = {code for code in census.index_255 if code != BLACK}
    ignored |= {VOC_BORDER} & set(census.values)
    others = set(census.values) - ignored
    zero = sorted(census.index_zero & others)
    normal = BLACK if BLACK in others else zero[0] if len(zero) == 1 else WHITE
    if normal not in others:
        raise DataError(
            f"{_of(census)} are in the colours {_listed_colours(others)}, without black or white, so nothing tells "
            f"which is normal; {_ADVICE}."
        )
    defects = sorted(others - {normal})
    note = f"Mask colours: {_named(normal)} is normal, {_listed_colours(defects)} defective"
    note += f", {_listed_colours(sorted(ignored))} ignored." if ignored else "."
    note += _ONE_CLASS if len(defects) > 1 else ""
    return Meaning(normal=(normal,), ignored=tuple(sorted(ignored)), note=note)


def _layer(census: Census) -> Meaning:
    """Files with transparent and opaque pixels."""
    opaque = census.opaque_px / census.total_px
    colours = set(census.values)
    is_mostly_opaque = opaque > 0.5
    if BLACK not in colours or (len(colours) == 1 and not is_mostly_opaque):
        return Meaning(opacity="marks", note="The masks are transparent layers: opaque pixels are read as defects.")
    if len(colours) > 1 and is_mostly_opaque:
        meaning = _by_value(census)
        note = f"Transparent mask pixels are read as normal. {meaning.note}".strip()
        return replace(meaning, opacity="on black", note=note)
    if len(colours) == 1 and census.hidden and BLACK not in census.hidden:
        note = "The masks have black opaque and coloured transparent pixels, so opacity is not looked at."
        meaning = _by_value(_with_values(census, census.values + census.hidden))
        return replace(meaning, note=f"{note} {meaning.note}".strip())
    what = "black and other colours" if len(colours) > 1 else "black alone over more than half of their area"
    raise DataError(
        f"{_of(census)} are transparent layers with opaque pixels in {what}, so nothing tells whether black is a "
        f"defect; {_ADVICE}."
    )


def _numbers(census: Census) -> Meaning:
    """Floating-point, signed and 32-bit values."""
    values = {float(value): count for value, count in census.values.items()}
    missing = f"{census.missing:,} mask pixels without a number are ignored." if census.missing else ""
    low, high = min(values), max(values)
    is_whole = all(value.is_integer() for value in values) and not census.too_many
    if is_whole and low >= -1:
        ignored = (-1.0,) if low == -1 else ()
        greys = Counter({int(value): count for value, count in values.items() if value >= 0})
        full = next(scale for scale in (1, 255, 65535, 1 << 62) if high <= scale)
        together = [frozenset(int(value) for value in each if value >= 0) for each in census.together]
        meaning = _greys(census, greys, together, full)
        said = "Mask value -1 is ignored." if ignored else ""
        note = " ".join(sentence for sentence in (said, missing, meaning.note) if sentence)
        return replace(meaning, ignored=(*ignored, *meaning.ignored), note=note)
    if low >= 0 and high <= 1:
        return Meaning(above=0.5, note=f"Mask values from 0 to 1 are defects above 0.5. {missing}".strip())
    raise DataError(
        f"{_of(census)} hold numbers from {low:g} to {high:g}, which are no classes and no fractions; {_ADVICE}."
    )


def _is_graded(census: Census) -> bool:
    return census.between > 0 and census.graded >= _GRADED * census.between


def _is_compressed(greys: Counter[int], full: int) -> bool:
    """Whether nearly all values lie near black or near full scale, several on either side, as JPEG leaves them."""
    dark = {value for value in greys if 0 < value <= _NEAR}
    bright = {value for value in greys if full - _NEAR <= value < full}
    far = sum(count for value, count in greys.items() if _NEAR < value < full - _NEAR)
    return min(len(dark), len(bright)) >= _MIN_SHADES and far <= _MAX_FAR_FRACTION * (greys.total() - greys[0])


def _steps(above: set[int], full: int) -> int:
    """How many even steps up to full scale the values are, as class indices stretched to be seen are; 0 for none."""
    for steps in range(2, 7):
        nearest = (round(value * steps / full) for value in above)
        if all(step and abs(value - step * full / steps) <= 1 for value, step in zip(above, nearest, strict=True)):
            return steps
    return 0


def _large(census: Census) -> list[Value]:
    """Codes with at least a hundredth of the pixels that are not black."""
    coloured = Counter({code: count for code, count in census.values.items() if code != BLACK})
    return [code for code, count in coloured.items() if count >= 0.01 * coloured.total()]


def _is_grey(code: Value) -> bool:
    return len(set(unpack(int(code)))) == 1


def _cut(middle: int) -> str:
    return f"Masks with smoothed or compressed edges: values above {middle} are defects."


def _of(census: Census) -> str:
    return f'The masks (such as "{census.files[0]}")'


def _with_values(census: Census, values: Counter[Value]) -> Census:
    return replace(census, values=values, hidden=Counter())


def _listed(values: list[int]) -> str:
    shown = [str(value) for value in values[:4]]
    return ", ".join(shown) + (f", … {values[-1]}" if len(values) > 4 else "")


def _listed_colours(codes: Iterable[Value]) -> str:
    names = [_named(code) for code in sorted(codes)]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _named(code: Value) -> str:
    channels = unpack(int(code))
    known = {(0, 0, 0): "black", (255, 255, 255): "white"}
    return known.get(channels, "RGB " + "-".join(str(channel) for channel in channels))
