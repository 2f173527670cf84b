"""What an archive holds, for the documentation."""

from perf.api.examples import answered

CONTENT = "files/66a045b452102c59d840ec097d59d9467e13a3f34f6494e539ffd32c1bb35f18"
NAMES = f"settings.json\nconversations.jsonl\ncomparisons.jsonl\nreplays.jsonl\nfiles.jsonl\n{CONTENT}\nmanifest.json"
EXPORT = [answered(NAMES, media_type="application/zip")]
