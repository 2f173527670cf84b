"""An index over the words of titles and messages, which the database itself keeps up to date.

PostgreSQL: a `tsvector` column on both tables, filled by triggers, with a GIN index. SQLite: an FTS5 table without
content, whose rows a second table maps to conversations and messages. Neither is a field of a model.
"""

import unicodedata

from django.db import migrations, transaction

BATCH = 5_000  # rows indexed by a statement
INDEXED = 100_000  # characters of a text that are indexed
TOKEN_LENGTH = 200  # characters of a word
MARKS = "\u0300-\u036f"  # combining diacritics


def separators():
    """Return what separates words, as ranges of a character class; unassigned characters in between belong to a range."""
    ranges, first, last = [], None, None
    for code in range(1, 0x10001):
        category = unicodedata.category(chr(code))
        if category[0] in "LNM" or category == "Co" or code == 0x10000:
            if first is not None:
                ranges.append(f"\\u{first:04x}-\\u{last:04x}")
            first = None
        elif category not in ("Cn", "Cs"):
            first, last = code if first is None else first, code
    return "".join(ranges) + r"\U0001f000-\U0001faff"


# Each word is normalized by itself: a text of nothing but marks takes time by the square of its length.
# '@' and the owner's id is one more lexeme, which no text can hold: the index finds what an owner and a word have in common.
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

# Writing a message's content again indexes it for its conversation's owner, whichever of the two came first.
POSTGRESQL = [
    VECTOR,
    """
CREATE OR REPLACE FUNCTION conversations_index_title() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    NEW.search := conversations_search_vector(NEW.user_id, NEW.title);
    RETURN NEW;
END
$function$""",
    """
CREATE OR REPLACE FUNCTION conversations_index_message() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    NEW.search := conversations_search_vector(
        (SELECT user_id FROM conversations_conversation WHERE id = NEW.conversation_id), NEW.content);
    RETURN NEW;
END
$function$""",
    """
CREATE OR REPLACE FUNCTION conversations_index_messages() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    UPDATE conversations_message SET content = content WHERE conversation_id = NEW.id;
    RETURN NULL;
END
$function$""",
    # Without statistics every word is expected to be rare: the index is used whatever the word.
    *(
        statement
        for table in ("conversations_conversation", "conversations_message")
        for statement in (
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS search tsvector",
            f"ALTER TABLE {table} ALTER COLUMN search SET STATISTICS 0",
        )
    ),
    """
CREATE OR REPLACE TRIGGER conversations_index_title BEFORE INSERT OR UPDATE OF title, user_id
ON conversations_conversation FOR EACH ROW EXECUTE FUNCTION conversations_index_title()""",
    """
CREATE OR REPLACE TRIGGER conversations_index_message BEFORE INSERT OR UPDATE OF content, conversation_id
ON conversations_message FOR EACH ROW EXECUTE FUNCTION conversations_index_message()""",
    """
CREATE OR REPLACE TRIGGER conversations_index_messages AFTER INSERT
ON conversations_conversation FOR EACH ROW EXECUTE FUNCTION conversations_index_messages()""",
    """
CREATE OR REPLACE TRIGGER conversations_reindex_messages AFTER UPDATE OF user_id
ON conversations_conversation FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id)
EXECUTE FUNCTION conversations_index_messages()""",
]

POSTGRESQL_INDEXES = {
    "conversations_conversation": "idx_conversation_search",
    "conversations_message": "idx_message_search",
}

POSTGRESQL_BACK = [
    "DROP TRIGGER IF EXISTS conversations_index_title ON conversations_conversation",
    "DROP TRIGGER IF EXISTS conversations_index_messages ON conversations_conversation",
    "DROP TRIGGER IF EXISTS conversations_reindex_messages ON conversations_conversation",
    "DROP TRIGGER IF EXISTS conversations_index_message ON conversations_message",
    "ALTER TABLE conversations_conversation DROP COLUMN IF EXISTS search",
    "ALTER TABLE conversations_message DROP COLUMN IF EXISTS search",
    "DROP FUNCTION IF EXISTS conversations_index_title",
    "DROP FUNCTION IF EXISTS conversations_index_messages",
    "DROP FUNCTION IF EXISTS conversations_index_message",
    "DROP FUNCTION IF EXISTS conversations_search_vector",
]

# What an FTS5 table without content forgets must be told to it word for word.
FORGET = f"""
INSERT INTO conversations_searchtext (conversations_searchtext, rowid, owner, body)
SELECT 'delete', id, owner, substr({{text}}, 1, {INDEXED}) FROM conversations_searchentry WHERE {{entry}};
DELETE FROM conversations_searchentry WHERE {{entry}};"""
FORGET_TITLE = FORGET.format(text="OLD.title", entry="conversation_id = OLD.id AND message_id IS NULL")
FORGET_MESSAGE = FORGET.format(text="OLD.content", entry="message_id = OLD.id")
LEARN_TITLE = """
INSERT INTO conversations_searchentry (conversation_id, owner) VALUES (NEW.id, NEW.user_id);
INSERT INTO conversations_searchtext (rowid, owner, body)
SELECT id, owner, NEW.title FROM conversations_searchentry WHERE conversation_id = NEW.id AND message_id IS NULL;"""
LEARN_MESSAGE = f"""
INSERT INTO conversations_searchentry (conversation_id, message_id, owner)
SELECT id, NEW.id, user_id FROM conversations_conversation WHERE id = NEW.conversation_id;
INSERT INTO conversations_searchtext (rowid, owner, body)
SELECT id, owner, substr(NEW.content, 1, {INDEXED}) FROM conversations_searchentry WHERE message_id = NEW.id;"""
LEARN_MESSAGES = "UPDATE conversations_message SET content = content WHERE conversation_id = NEW.id;"

SQLITE = [
    """
CREATE TABLE conversations_searchentry (
    id integer PRIMARY KEY, conversation_id char(32) NOT NULL, message_id char(32) UNIQUE, owner integer NOT NULL)""",
    """
CREATE UNIQUE INDEX conversations_searchentry_title ON conversations_searchentry (conversation_id)
WHERE message_id IS NULL""",
    """
CREATE VIRTUAL TABLE conversations_searchtext USING fts5(
    owner, body, content='', tokenize="unicode61 remove_diacritics 2 categories 'L* N* M* Co'")""",
    *(
        f"CREATE TRIGGER conversations_{name} AFTER {event} FOR EACH ROW {when} BEGIN {statements} END"
        for name, event, when, statements in (
            ("learn_title", "INSERT ON conversations_conversation", "", LEARN_TITLE + LEARN_MESSAGES),
            (
                "relearn_title",
                "UPDATE OF title ON conversations_conversation",
                "WHEN OLD.title <> NEW.title AND OLD.user_id = NEW.user_id",
                FORGET_TITLE + LEARN_TITLE,
            ),
            (
                "relearn_all",
                "UPDATE OF user_id ON conversations_conversation",
                "WHEN OLD.user_id <> NEW.user_id",
                FORGET_TITLE + LEARN_TITLE + LEARN_MESSAGES,
            ),
            ("forget_title", "DELETE ON conversations_conversation", "", FORGET_TITLE),
            ("learn_message", "INSERT ON conversations_message", "", LEARN_MESSAGE),
            (
                "relearn_message",
                "UPDATE OF content, conversation_id ON conversations_message",
                "",
                FORGET_MESSAGE + LEARN_MESSAGE,
            ),
            ("forget_message", "DELETE ON conversations_message", "", FORGET_MESSAGE),
        )
    ),
    """
INSERT INTO conversations_searchentry (conversation_id, owner) SELECT id, user_id FROM conversations_conversation""",
    """
INSERT INTO conversations_searchentry (conversation_id, message_id, owner)
SELECT m.conversation_id, m.id, c.user_id
FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id""",
    f"""
INSERT INTO conversations_searchtext (rowid, owner, body)
SELECT e.id, e.owner, coalesce(substr(m.content, 1, {INDEXED}), c.title)
FROM conversations_searchentry e JOIN conversations_conversation c ON c.id = e.conversation_id
LEFT JOIN conversations_message m ON m.id = e.message_id ORDER BY e.id""",
]

SQLITE_BACK = [
    *(
        f"DROP TRIGGER IF EXISTS conversations_{name}"
        for name in (
            "learn_title",
            "relearn_title",
            "relearn_all",
            "forget_title",
            "learn_message",
            "relearn_message",
            "forget_message",
        )
    ),
    "DROP TABLE IF EXISTS conversations_searchtext",
    "DROP TABLE IF EXISTS conversations_searchentry",
]


def create(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        run(connection, SQLITE)
    elif connection.vendor == "postgresql":
        run(connection, POSTGRESQL)
        fill_postgresql(connection)
        index_postgresql(connection)


def drop(apps, schema_editor):
    connection = schema_editor.connection
    run(connection, SQLITE_BACK if connection.vendor == "sqlite" else POSTGRESQL_BACK)


def run(connection, statements):
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fill_postgresql(connection):
    """Index what is there already, a batch a transaction, so that nobody waits long for a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_conversation SET search = conversations_search_vector(user_id, title)"
            " WHERE search IS NULL"
        )
        after = "00000000-0000-0000-0000-000000000000"
        while after is not None:
            cursor.execute(
                """
WITH batch AS (
    SELECT m.id, c.user_id FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
    WHERE m.id > %s ORDER BY m.id LIMIT %s
), filled AS (
    UPDATE conversations_message m SET search = conversations_search_vector(batch.user_id, m.content)
    FROM batch WHERE m.id = batch.id AND m.search IS NULL
)
SELECT id FROM batch ORDER BY id DESC LIMIT 1""",
                [after, BATCH],
            )
            row = cursor.fetchone()
            after = row and row[0]


def index_postgresql(connection):
    """Build the indexes beside running writes; what an interrupted attempt left is not valid, and goes first."""
    with connection.cursor() as cursor:
        for table, name in POSTGRESQL_INDEXES.items():
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
            # New words wait in a list that some insert has to sort in: a short one keeps that insert quick.
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY {name} ON {table} USING gin (search) WITH (gin_pending_list_limit = 512)"
            )


class Migration(migrations.Migration):
    # Batches and concurrent indexes cannot be in one transaction; what was interrupted can be run again.
    atomic = False

    dependencies = [("conversations", "0002_list_indexes")]

    operations = [migrations.RunPython(create, drop)]
