"""ICC profiles made by hand, whose colours are known."""

import struct

import numpy as np

D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3_PRIMARIES = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))


def matrix(primaries) -> np.ndarray:
    """From linear RGB with these primaries and the white of daylight (D65) to XYZ relative to D50."""
    white = np.array([0.95047, 1.0, 1.08883])
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    to_xyz = columns * np.linalg.solve(columns, white)
    cones = np.diag((_BRADFORD @ D50) / (_BRADFORD @ white))
    return np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ to_xyz


def encode(linear) -> np.ndarray:
    """sRGB 0…255, not rounded, of linear light."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def decode(levels) -> np.ndarray:
    """Linear light of sRGB 0…255."""
    x = np.asarray(levels, float) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + _fixed(*D50),
        **tags,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*D50) + bytes(48)
    return head + table + body


def gamma_curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def table_curve(values) -> bytes:
    """A curve through these values, 0…1."""
    return (
        b"curv" + bytes(4) + struct.pack(">I", len(values)) + np.rint(np.array(values) * 65535).astype(">u2").tobytes()
    )


def parametric_curve(kind: int, *values: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + _fixed(*values)


SRGB_CURVE = parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def rgb_profile(primaries, curve: bytes) -> bytes:
    """A display with these primaries and a curve for each of them."""
    columns = matrix(primaries).T
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags = {name: b"XYZ " + bytes(4) + _fixed(*column) for name, column in zip(names, columns, strict=True)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def grey_profile(curve: bytes) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


def cmyk_profile(inks) -> bytes:
    """A press where ``inks``, by 0 or 1 for each of C, M, Y, K, give these colours in Lab, mixed linearly between."""
    tables = np.tile(np.arange(256, dtype=np.uint8), 4).tobytes()
    corners = b""
    for number in range(16):
        lightness, a, b = inks[tuple(number >> shift & 1 for shift in (3, 2, 1, 0))]
        corners += bytes([round(lightness * 255 / 100), round(a + 128), round(b + 128)])
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += tables + corners + np.tile(np.arange(256, dtype=np.uint8), 3).tobytes()
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})
