"""Marks on the surface that are no cracks: stains, runs, rust, moss, paint, lettering, tyre marks, patches."""

from __future__ import annotations

import cv2
import numpy as np

from blemish.synthesis.canvas import Canvas, rgb, speckled, spread, tinted
from blemish.synthesis.distractors_lines import across_image, curve, draw_stroke
from blemish.synthesis.noise import (
    Field,
    Generator,
    exp,
    fractal_noise,
    grain,
    log_uniform,
    noise_along,
    smoothstep,
    value_noise,
)


def _blob(canvas: Canvas, rng: Generator, radius_px: float, *, ragged: float) -> Field:
    """Signed depth in a patch of random outline, about px; float32 (H, W)."""
    height, width = canvas.shape
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    columns = (np.arange(width, dtype=np.float32) - np.float32(x))[None]
    rows = (np.arange(height, dtype=np.float32) - np.float32(y))[:, None]
    squash = np.float32(log_uniform(rng, 0.5, 2.0))
    away = np.sqrt((columns * squash) ** 2 + (rows / squash) ** 2)
    noise = fractal_noise(rng, canvas.shape, max(8.0, radius_px * 0.8), 3, persistence=0.65)
    return np.asarray(radius_px - away + noise * np.float32(ragged * radius_px), dtype=np.float32)


def stain(canvas: Canvas, rng: Generator) -> None:
    """Damp and dirt: soft patches, or with the dark tide mark that drying leaves at their edge."""
    for _ in range(int(rng.integers(1, 4))):
        radius = canvas.size_px * log_uniform(rng, 0.04, 0.5)
        depth = _blob(canvas, rng, radius, ragged=rng.uniform(0.1, 0.5))
        soft = max(1.0, radius * log_uniform(rng, 0.02, 0.5))
        alpha = smoothstep(-soft, soft, depth)
        gain = rng.uniform(0.5, 0.92) if rng.random() < 0.75 else rng.uniform(1.06, 1.3)
        tint = rgb(1, rng.uniform(0.94, 1), rng.uniform(0.85, 1))
        canvas.scale(1 + alpha * spread(np.float32(gain) * tint - 1))
        if rng.random() < 0.4:
            tide = np.exp(-((depth / np.float32(max(1.0, radius * 0.03))) ** 2))
            canvas.scale(1 - tide * np.float32(rng.uniform(0.05, 0.35)))


def water_run(canvas: Canvas, rng: Generator) -> None:
    """Streaks that water leaves as it runs down: dark, pale or rusty, with wavering edges."""
    height, width = canvas.shape
    rusty = rng.random() < 0.3
    for _ in range(int(rng.integers(1, 8))):
        x, top = rng.uniform(0, width), rng.uniform(-0.3, 0.6) * height
        length = height * rng.uniform(0.2, 1.2)
        line = curve(rng, np.array([x, top]), np.array([x + rng.normal(0, 8), top + length]), sag=0.0, wander=0.006)
        at = np.linspace(0, 1, len(line))
        breadth = log_uniform(rng, 1.5, 40) * canvas.size_px / 512
        widths = np.maximum(breadth * (1 + 0.35 * noise_along(rng, len(line), 60)) * (1 - 0.6 * at), 0.5)
        soft = max(1.0, breadth * rng.uniform(0.1, 0.6))
        field = draw_stroke(canvas, line, widths, margin_px=soft + 2)
        if field is None:
            continue
        fade = 1 - np.clip(field.along / len(line), 0, 1) ** 1.5
        alpha = smoothstep(-soft, soft, field.depth_px) * fade * np.float32(rng.uniform(0.1, 0.6))
        if rusty:
            canvas.blend(rgb(0.48, 0.27, 0.12), alpha, field.window)
        elif rng.random() < 0.7:
            canvas.scale(1 - alpha, field.window)
        else:
            canvas.blend(min(0.97, float(canvas.level.mean()) * 1.3 + 0.1), alpha, field.window)


def moss(canvas: Canvas, rng: Generator) -> None:
    """Moss, lichen and algae: green, black, grey or orange, in crusts and veils with frayed edges."""
    palette = np.array(
        [[0.25, 0.34, 0.12], [0.14, 0.15, 0.12], [0.62, 0.64, 0.55], [0.7, 0.5, 0.15], [0.36, 0.38, 0.2]]
    )
    colour = (palette[rng.integers(len(palette))] * rng.uniform(0.6, 1.3)).astype(np.float32)
    field = fractal_noise(
        rng, canvas.shape, canvas.size_px * log_uniform(rng, 0.06, 0.6), 1.5, persistence=rng.uniform(0.65, 0.85)
    )
    edge = rng.uniform(0.3, 1.6)
    cover = smoothstep(edge, edge + rng.uniform(0.15, 0.9), field)
    tuft = 1 + 0.3 * grain(rng, canvas.shape, max(1.5, canvas.grain_px))
    canvas.blend(np.clip(spread(colour) * tuft, 0, 1), cover * np.float32(rng.uniform(0.3, 0.95)))
    if rng.random() < 0.4:
        canvas.hide(smoothstep(0.75, 0.95, cover))


def rust(canvas: Canvas, rng: Generator) -> None:
    """Rust spots with streaks below them."""
    height, width = canvas.shape
    for _ in range(int(rng.integers(1, 6))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = log_uniform(rng, 1.5, 0.05 * canvas.size_px + 2)
        place = canvas.near(x, y, radius * 25)
        if place is None:
            continue
        window, right, below = place
        spot = smoothstep(radius * 1.6, radius * 0.4, cv2.magnitude(right, below)) * np.float32(rng.uniform(0.3, 0.9))
        streak = exp(
            -((right * np.float32(1 / (0.9 * radius))) ** 2) - np.maximum(below, 0) * np.float32(1 / (9 * radius))
        )
        alpha = np.maximum(spot, streak * (below >= 0) * np.float32(rng.uniform(0, 0.5)))
        canvas.blend(rgb(0.5, 0.27, 0.1) * np.float32(rng.uniform(0.5, 1.2)), alpha, window)


def paint_mark(canvas: Canvas, rng: Generator) -> None:
    """Road markings and sprayed lines: broad, straight, worn through to the grain."""
    colours = np.array([[0.92, 0.92, 0.9], [0.92, 0.92, 0.9], [0.9, 0.75, 0.2], [0.85, 0.3, 0.4], [0.25, 0.4, 0.75]])
    colour = colours[rng.integers(len(colours))].astype(np.float32)
    line = across_image(rng, canvas.shape, upright=0.4)
    gap = None
    width = canvas.size_px * log_uniform(rng, 0.02, 0.25)
    wear = fractal_noise(rng, canvas.shape, 30, 1.5, persistence=0.85)
    worn = rng.uniform(-1.8, 0.4)
    for repeat in range(int(rng.choice([1, 1, 2, 4]))):
        gap = width * rng.uniform(1.5, 3) if gap is None else gap
        side = np.array([-(line[1] - line[0])[1], (line[1] - line[0])[0]])
        side = side / np.hypot(*side) * gap * repeat
        points = curve(rng, line[0] + side, line[1] + side, sag=0.0, wander=0.0)
        field = draw_stroke(canvas, points, float(width), margin_px=3)
        if field is None:
            continue
        soft = rng.choice([0.6, 0.6, width * 0.15])
        hold = smoothstep(worn - 0.35, worn + 0.35, wear[field.window])
        alpha = smoothstep(-soft, soft, field.depth_px) * hold * np.float32(rng.uniform(0.6, 0.97))
        canvas.blend(colour, alpha, field.window)


def lettering(canvas: Canvas, rng: Generator) -> None:
    """Letters and digits: stencilled, scribbled, or a watermark across the picture."""
    height, width = canvas.shape
    letters = "ABCDEFGHKLMNPRSTUVXYZ0123456789/-#+"
    fonts = (
        cv2.FONT_HERSHEY_SIMPLEX,
        cv2.FONT_HERSHEY_DUPLEX,
        cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
        cv2.FONT_HERSHEY_TRIPLEX,
    )
    for _ in range(int(rng.integers(1, 4))):
        text = "".join(letters[i] for i in rng.integers(0, len(letters), int(rng.integers(1, 12))))
        scale = canvas.size_px / 512 * log_uniform(rng, 0.4, 5.0)
        ink = np.zeros((height, width), dtype=np.uint8)
        at = (int(rng.uniform(-0.1, 0.8) * width), int(rng.uniform(0.1, 1.0) * height))
        thickness = max(1, round(scale * rng.uniform(0.8, 4)))
        cv2.putText(ink, text, at, int(fonts[rng.integers(len(fonts))]), scale, 255, thickness, cv2.LINE_AA)
        if rng.random() < 0.5:
            turn = cv2.getRotationMatrix2D(at, float(rng.normal(0, 25)), 1.0)
            ink = np.asarray(cv2.warpAffine(ink, turn, (width, height)), dtype=np.uint8)
        alpha = ink.astype(np.float32) / 255 * np.float32(rng.uniform(0.2, 0.95))
        if rng.random() < 0.5:
            alpha = alpha * smoothstep(-1.2, 0.3, grain(rng, canvas.shape, canvas.grain_px * 1.5))
        level = tinted(rng, rng.choice([0.08, 0.95, rng.uniform(0.1, 0.9)]), tint=rng.choice([0.0, 0.2]))
        canvas.blend(level, alpha)


def tyre_mark(canvas: Canvas, rng: Generator) -> None:
    """Dark rubber streaks, single or as a pair, fading, with a hint of tread."""
    ends = across_image(rng, canvas.shape, upright=0.2)
    width = canvas.size_px * log_uniform(rng, 0.02, 0.2)
    sag = rng.normal(0, 0.08)
    for offset in (0.0, width * rng.uniform(2, 5))[: int(rng.integers(1, 3))]:
        line = curve(rng, ends[0] + offset, ends[1] + offset, sag=sag, wander=0.0)
        field = draw_stroke(canvas, line, float(width), margin_px=4)
        if field is None:
            continue
        tread = 1 + 0.25 * np.sign(np.sin(field.across_px * np.float32(rng.uniform(8, 25) / width)))
        patchy = smoothstep(-1.5, 1.5, fractal_noise(rng, field.depth_px.shape, 60, 3))
        alpha = smoothstep(-2, 2, field.depth_px) * patchy * tread * np.float32(rng.uniform(0.15, 0.5))
        canvas.scale((1 - np.clip(alpha, 0, 0.9)).astype(np.float32), field.window)


def sealant(canvas: Canvas, rng: Generator) -> None:
    """Bitumen or mastic poured over an old crack: a wandering black band of even width with smooth edges."""
    ends = across_image(rng, canvas.shape, upright=0.3)
    line = curve(rng, ends[0], ends[1], sag=rng.normal(0, 0.05), wander=rng.uniform(0.005, 0.03))
    width = canvas.size_px * log_uniform(rng, 0.015, 0.08)
    widths = width * (1 + 0.18 * noise_along(rng, len(line), 50))
    field = draw_stroke(canvas, line, np.maximum(widths, 1.0), margin_px=3)
    if field is None:
        return
    level = tinted(rng, rng.uniform(0.05, 0.22), tint=0.01)
    gloss = 1 + 0.25 * value_noise(rng, field.depth_px.shape, 12)
    alpha = smoothstep(-1, 1, field.depth_px) * np.float32(rng.uniform(0.75, 1))
    canvas.blend(np.clip(spread(level) * gloss, 0, 1), alpha, field.window)


def patch(canvas: Canvas, rng: Generator) -> None:
    """A repair: a patch of other mortar or asphalt, with a straight or ragged outline and a fine dark rim."""
    height, width = canvas.shape
    if rng.random() < 0.5:
        depth = _blob(canvas, rng, canvas.size_px * rng.uniform(0.1, 0.4), ragged=rng.uniform(0.05, 0.4))
    else:
        box = cv2.boxPoints(
            (
                (rng.uniform(0, width), rng.uniform(0, height)),
                (canvas.size_px * rng.uniform(0.1, 0.8), canvas.size_px * rng.uniform(0.1, 0.8)),
                float(rng.normal(0, 12)),
            )
        )
        inside = np.zeros((height, width), dtype=np.uint8)
        cv2.fillPoly(inside, [np.rint(box).astype(np.int32)], 1)
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
        depth = np.asarray(depth, dtype=np.float32) + value_noise(rng, canvas.shape, 10) * np.float32(rng.uniform(0, 2))
    alpha = smoothstep(-0.8, 0.8, depth)
    level = np.clip(canvas.level * np.float32(rng.uniform(0.6, 1.4)), 0.04, 0.95)
    texture = grain(rng, canvas.shape, max(1.0, canvas.grain_px * rng.uniform(0.4, 1.5)))
    canvas.blend(speckled(rng, level, texture, 0.02, 0.15), alpha * np.float32(rng.uniform(0.6, 1)))
    rim = np.exp(-((depth / np.float32(rng.uniform(0.8, 2.5))) ** 2)) * smoothstep(
        -1.0, 0.5, value_noise(rng, canvas.shape, 40)
    )
    canvas.scale(1 - rim * np.float32(rng.uniform(0, 0.5)))


def spall(canvas: Canvas, rng: Generator) -> None:
    """Surface broken away: a rough hollow with a ragged, lit and shaded rim. A wound, but no crack."""
    for _ in range(int(rng.integers(1, 4))):
        radius = canvas.size_px * log_uniform(rng, 0.02, 0.2)
        depth = _blob(canvas, rng, radius, ragged=rng.uniform(0.25, 0.6))
        hollow = smoothstep(0.0, max(2.0, radius * rng.uniform(0.05, 0.4)), depth)
        rough = fractal_noise(rng, canvas.shape, max(6.0, canvas.grain_px * 8), 1.5, persistence=0.85)
        relief = hollow * (rough * np.float32(rng.uniform(0.3, 1.0)) - np.float32(rng.uniform(1.0, 4.0)))
        slope_x = cv2.Scharr(relief, cv2.CV_32F, 1, 0, scale=1 / 32)
        slope_y = cv2.Scharr(relief, cv2.CV_32F, 0, 1, scale=1 / 32)
        facing = -(slope_x * np.float32(canvas.light.x) + slope_y * np.float32(canvas.light.y))
        fresh = 1 + hollow * np.float32(rng.uniform(-0.4, 0.25))
        canvas.scale(fresh * (1 + np.tanh(facing * np.float32(1 + canvas.light.hardness)) * np.float32(0.6)))


def flaking(canvas: Canvas, rng: Generator) -> None:
    """A coat coming off in flakes: another tone below, a thin dark shadow or lit edge round each flake."""
    shape = canvas.shape
    field = fractal_noise(
        rng, shape, canvas.size_px * log_uniform(rng, 0.04, 0.3), 2, persistence=rng.uniform(0.45, 0.7)
    )
    edge = rng.uniform(0.4, 1.5)
    bare = smoothstep(edge, edge + 0.05, field)
    level = np.clip(canvas.level * np.float32(rng.choice([rng.uniform(0.5, 0.85), rng.uniform(1.15, 1.6)])), 0.03, 0.97)
    canvas.blend(
        speckled(rng, level, grain(rng, shape, canvas.grain_px), 0.02, 0.12), bare * np.float32(rng.uniform(0.4, 1))
    )
    rim = exp(-(((field - np.float32(edge)) * np.float32(1 / rng.uniform(0.015, 0.06))) ** 2))
    rim *= smoothstep(-0.8, 0.8, value_noise(rng, shape, 20))
    canvas.scale(1 + rim * np.float32(rng.choice([-1, 0.3]) * rng.uniform(0.2, 0.7)))
