"""The vector engine's multiply-add, slow and in whole numbers (docs/numerics.md, section 7.3)."""

GUARD = 3
KEPT = 24 + GUARD


def multiply_add(x, y, z, blackhole):
    """x * y + z of binary32 patterns (ints) -> pattern, or None for NaN."""
    (sx, ex, mx), (sy, ey, my), (sz, ez, mz) = map(_decoded, (x, y, z))
    sign, e = sx ^ sy, ex + ey - 127
    if 255 in (ex, ey, ez) or (mx and my and e >= 255):
        return _special((ex, mx), (ey, my), (sz, ez, mz), sign, e, blackhole)
    zero = 0x80000000 if blackhole and sign and sz else 0
    if not mx or not my or e < 0:
        return z if mz else zero
    product, mz = _cut(mx * my, 23 - GUARD, always=True), mz << GUARD
    top = max(e, ez)
    total = (1 - 2 * sign) * _cut(product, top - e) + (1 - 2 * sz) * _cut(mz, top - ez)
    if total == 0:
        return zero
    return _encoded(int(total < 0), top, abs(total), blackhole)


def _decoded(pattern):
    exponent, fraction = (pattern >> 23) & 255, pattern & 0x7FFFFF
    return pattern >> 31, exponent, fraction | 0x800000 if exponent else 0


def _cut(significand, places, always=False):
    """Without its last `places` bits; the last one left tells whether any of them was set."""
    kept = significand >> places
    return kept | int((kept > 0 or always) and kept << places != significand)


def _encoded(sign, e, total, blackhole):
    """total * 2**(e - 127 - 26), to nearest even."""
    excess = total.bit_length() - KEPT
    e += excess
    if e >= 255:
        return sign << 31 | 0x7F800000
    if e < 0 and not blackhole:
        return 0
    if e <= 0 and blackhole:
        e, excess = 0, excess + 1
    if excess > 0:
        # Wormhole looks at the last of the dropped bits only.
        dropped = total & (excess | 1 if blackhole else 1)
        total = total >> excess | int(dropped != 0)
    else:
        total <<= -excess
    pattern = (e << 23) + ((total >> GUARD) & 0x7FFFFF)
    pattern += int((total & 7) + (pattern & 1) > 4)
    if pattern < 0x800000:
        return sign << 31 if blackhole else 0
    return sign << 31 | pattern


def _special(x, y, z, sign, e, blackhole):
    infinity, nothing = (255, 0x800000), 0
    (sz, ez, mz), factors = z, (x, y)
    if any(f[0] == 255 and f[1] != 0x800000 for f in factors) or (ez == 255 and mz != 0x800000):
        return None
    infinite = infinity in factors
    if infinite and any(f[1] == nothing for f in factors):
        return None
    if ez == 255:
        # On Wormhole an overflowing finite product cancels an infinite z, too.
        opposed = infinite or (e >= 255 and not blackhole)
        return None if opposed and sz != sign else sz << 31 | 0x7F800000
    return sign << 31 | 0x7F800000
