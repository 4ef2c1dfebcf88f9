"""What the server's measures are called, and their numbers with a unit that a reader knows."""

_NAMES = {
    "connections_used_percent": ("Connections used", "{:,.1f} %"),
    "longest_transaction_seconds": ("Longest open transaction", "{:,.0f} s"),
    "unencrypted_sessions": ("Sessions without TLS", "{:,.0f}"),
    "unused_index_bytes": ("Indexes without use", "{}"),
    "slowest_statement_ms": ("Slowest statement", "{:,.1f} ms"),
}
_UNITS = ("B", "kB", "MB", "GB")


def name_of(measure: str) -> str:
    """What a reader calls a measure of the view server_health."""
    return _NAMES[measure][0] if measure in _NAMES else measure


def amount_of(measure: str, value: float | None) -> str | None:
    """A value of that measure, with its unit; None where there is none."""
    if value is None or measure not in _NAMES:
        return None if value is None else f"{value:,}"
    return _NAMES[measure][1].format(_size(value) if measure.endswith("_bytes") else value)


def _size(value: float) -> str:
    """Bytes in the largest unit that keeps a digit before the point."""
    for unit in _UNITS:
        if value < 1_000:
            return f"{value:.3g} {unit}"
        value /= 1_000
    return f"{value:,.0f} TB"
