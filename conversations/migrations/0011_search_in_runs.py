"""The text index finds words inside of runs of Chinese, Japanese, Thai, Korean and their like, and emoji.

The index holds each two neighbouring letters of a run, its first and its last letter: of 東京都 it holds 東, 東京, 京都
and 都. Writing every letter twice with a blank in between makes exactly these words. Only rows that have such letters are
indexed again.
"""

from importlib import import_module

from django.db import migrations

from conversations.search.matching import EMOJI_PLANE
from conversations.search.scripts import (
    EMOJI,
    EMOJI_RANGES,
    MARKS,
    RUN_RANGES,
    RUNS,
    MODIFIER_RANGES,
    MODIFIERS,
    literal,
    separators,
)
from conversations.search.tokens import INDEXED, TOKEN_LENGTH

before = import_module("conversations.migrations.0003_search")

BATCH = 5_000  # rows looked at by a statement

VECTOR = rf"""
CREATE OR REPLACE FUNCTION conversations_search_vector(owner bigint, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
DECLARE
    shown text := lower(left(body, {INDEXED}));
BEGIN
    IF octet_length(shown) = length(shown) THEN
        shown := regexp_replace(shown, '[^0-9a-z]+', ' ', 'g');
        RETURN array_to_tsvector(('@' || owner) || ARRAY(
            SELECT left(word, {TOKEN_LENGTH}) FROM unnest(string_to_array(shown, ' ')) AS word WHERE word <> ''
        ));
    END IF;
    shown := regexp_replace(translate(shown, 'ς', 'σ'), '[{separators()}]+', ' ', 'g');
    IF shown ~ '[{RUNS}{EMOJI}]' THEN
        shown := regexp_replace(shown, '[{RUNS}]+', ' \& ', 'g');
        shown := regexp_replace(shown, '[{RUNS}]', '\& \&', 'g');
        shown := regexp_replace(shown, '[{EMOJI}]', ' \& ', 'g');
    END IF;
    RETURN array_to_tsvector(('@' || owner) || ARRAY(
        SELECT CASE WHEN word !~ '[\u00c0-\u024f\u1e00-\u1eff{MARKS}]' THEN word ELSE
            normalize(regexp_replace(
                normalize(regexp_replace(word, '[{MARKS}]+', '', 'g'), NFD), '([a-z])[{MARKS}]+', '\1', 'g'
            ), NFC) END
        FROM (SELECT left(part, {TOKEN_LENGTH}) AS word FROM unnest(string_to_array(shown, ' ')) AS part) AS parts
        WHERE word !~ '^[{MARKS}]*$'
    ));
END
$function$"""

# What SQLite does not split by itself is split letter by letter in SQL: a function of Python's would keep every other
# program, the sqlite3 shell among them, from writing messages.
PIECE = 64  # letters; substr() counts letters from the beginning of its text
EDGE = "char(65535)"  # of a run; two edges that meet are no edge
COARSE = literal([(0x0E01, 0x11FF), (0x1780, 0x17FF), (0x20E3, 0xFFFFF)])  # three ranges are quick to compare
RUN_CLASS, EMOJI_CLASS, MODIFIER_CLASS = map(literal, (RUN_RANGES, EMOJI_RANGES, MODIFIER_RANGES))


def is_special(body):
    """Return SQL that tells whether a text may have anything to split; texts in ASCII are told by their length."""
    return f"(length(CAST({body} AS BLOB)) <> length({body}) AND {body} GLOB '*[{COARSE}]*')"


LETTERS = f"""
WITH RECURSIVE position (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM position WHERE n < {PIECE})
SELECT group_concat(CASE
    WHEN letter < char({0x0E01}) THEN letter
    WHEN letter BETWEEN char({0x4E00}) AND char({0x9FFF}) OR letter GLOB '[{RUN_CLASS}]'
        THEN {EDGE} || letter || ' ' || letter || {EDGE}
    WHEN letter GLOB '[{EMOJI_CLASS}]' THEN ' ' || char({EMOJI_PLANE} + (unicode(letter) & 65535)) || ' '
    WHEN letter GLOB '[{MODIFIER_CLASS}]' THEN ' '
    ELSE letter END, '')
FROM (SELECT substr(piece, n, 1) AS letter FROM position ORDER BY n)"""
SPLIT = f"""
SELECT replace(replace(group_concat(split, ''), {EDGE} || {EDGE}, ''), {EDGE}, ' ') FROM (
    SELECT CASE WHEN piece GLOB '*[{COARSE}]*' THEN ({LETTERS}) ELSE piece END AS split
    FROM (
        WITH RECURSIVE position (k) AS (
            SELECT 0 UNION ALL SELECT k + 1 FROM position WHERE (k + 1) * {PIECE} < length(NEW.body))
        SELECT substr(NEW.body, k * {PIECE} + 1, {PIECE}) AS piece FROM position ORDER BY k))"""

# What is written into this view goes into the index, split; or out of it with the command 'delete'.
VIEW = [
    """
CREATE VIEW conversations_searchinput (command, id, owner, body) AS
SELECT NULL, id, owner, NULL FROM conversations_searchentry""",
    f"""
CREATE TRIGGER conversations_split INSTEAD OF INSERT ON conversations_searchinput FOR EACH ROW BEGIN
INSERT INTO conversations_searchtext (conversations_searchtext, rowid, owner, body)
VALUES (NEW.command, NEW.id, NEW.owner, CASE WHEN {is_special("NEW.body")} THEN ({SPLIT}) ELSE NEW.body END);
END""",
]
VIEW_BACK = ["DROP TRIGGER conversations_split", "DROP VIEW conversations_searchinput"]

# The triggers of migration 0003, with the view in the place of the index.
OLD_TRIGGERS = [statement for statement in before.SQLITE if "CREATE TRIGGER" in statement]
TRIGGERS = [
    statement.replace(
        "INTO conversations_searchtext (conversations_searchtext, rowid, ", "INTO conversations_searchinput (command, id, "
    ).replace("INTO conversations_searchtext (rowid, ", "INTO conversations_searchinput (id, ")
    for statement in OLD_TRIGGERS
]
DROP_TRIGGERS = [statement for statement in before.SQLITE_BACK if "DROP TRIGGER" in statement]

SPECIAL = f"""
CREATE TEMPORARY TABLE conversations_special AS SELECT * FROM (
    SELECT e.id, e.owner, coalesce(substr(m.content, 1, {INDEXED}), c.title) AS body
    FROM conversations_searchentry e JOIN conversations_conversation c ON c.id = e.conversation_id
    LEFT JOIN conversations_message m ON m.id = e.message_id ORDER BY e.id)
WHERE {is_special("body")}"""
FORGET_OLD = """
INSERT INTO conversations_searchtext (conversations_searchtext, rowid, owner, body)
SELECT 'delete', id, owner, body FROM conversations_special ORDER BY id"""
FORGET_NEW = """
INSERT INTO conversations_searchinput (command, id, owner, body)
SELECT 'delete', id, owner, body FROM conversations_special ORDER BY id"""
LEARN_OLD = """
INSERT INTO conversations_searchtext (rowid, owner, body)
SELECT id, owner, body FROM conversations_special ORDER BY id"""
LEARN_NEW = """
INSERT INTO conversations_searchinput (id, owner, body)
SELECT id, owner, body FROM conversations_special ORDER BY id"""
DONE = "DROP TABLE conversations_special"

SQLITE = [*DROP_TRIGGERS, *VIEW, SPECIAL, FORGET_OLD, LEARN_NEW, DONE, *TRIGGERS]
SQLITE_BACK = [*DROP_TRIGGERS, SPECIAL, FORGET_NEW, LEARN_OLD, DONE, *VIEW_BACK, *OLD_TRIGGERS]


def create(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        before.run(connection, SQLITE)
    elif connection.vendor == "postgresql":
        before.run(connection, [VECTOR])
        index_again(connection)


def restore(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        before.run(connection, SQLITE_BACK)
    elif connection.vendor == "postgresql":
        before.run(connection, [before.VECTOR])
        index_again(connection)


def index_again(connection):
    """Index the rows with special letters again on PostgreSQL, a batch a transaction, so that nobody waits long.

    What an interrupted attempt did is not written again.
    """
    special = f"octet_length({{0}}) <> char_length({{0}}) AND {{0}} ~ '[{RUNS}{EMOJI}{MODIFIERS}]'"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_conversation SET search = conversations_search_vector(user_id, title)"
            f" WHERE {special.format('title')}"
        )
        after = "00000000-0000-0000-0000-000000000000"
        while after is not None:
            cursor.execute(
                f"""
WITH batch AS (
    SELECT m.id, m.content, c.user_id
    FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
    WHERE m.id > %s ORDER BY m.id LIMIT %s
), special AS MATERIALIZED (
    SELECT id, content, conversations_search_vector(user_id, content) AS search
    FROM batch WHERE {special.format("content")}
), indexed AS (
    UPDATE conversations_message m SET search = special.search
    FROM special WHERE m.id = special.id AND m.content = special.content AND m.search IS DISTINCT FROM special.search
)
SELECT id FROM batch ORDER BY id DESC LIMIT 1""",
                [after, BATCH],
            )
            row = cursor.fetchone()
            after = row and row[0]


class Migration(migrations.Migration):
    # Batches cannot be in one transaction; what was interrupted can be run again.
    atomic = False

    dependencies = [("conversations", "0010_dropped_messages")]

    operations = [migrations.RunPython(create, restore)]
