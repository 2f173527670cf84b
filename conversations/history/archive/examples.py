"""What an archive holds, for the documentation."""

from perf.api.examples import answered

NAMES = "settings.json\nconversations.jsonl\ncomparisons.jsonl\nfiles.jsonl\nmanifest.json"
EXPORT = [answered(NAMES, media_type="application/zip")]
