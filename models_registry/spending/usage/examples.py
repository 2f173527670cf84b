"""Usage, for the documentation."""

from perf.api.examples import answered

SUMS = {
    "requests": 1,
    "errors": 0,
    "unpriced": 0,
    "prompt_tokens": 5,
    "completion_tokens": 5,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "cache_write_1h_tokens": 0,
    "reasoning_tokens": 0,
    "input_audio_tokens": 0,
    "output_audio_tokens": 0,
    "input_image_tokens": 0,
    "cost": "0.0000625",
}
REPORT = {
    "from": "2026-10-30",
    "to": "2026-11-28",
    "group_by": "day",
    "total": SUMS,
    "results": [{"day": "2026-11-28", **SUMS}],
}
TABLE = f"day,{','.join(SUMS)}\r\n2026-11-28,{','.join(map(str, SUMS.values()))}\r\n"

USAGE = [answered(REPORT), answered(TABLE, media_type="text/csv")]
