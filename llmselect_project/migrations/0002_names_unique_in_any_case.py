"""Names that differ in case only are one name, also for two who register at the same moment.

The table is Django's own, so the index cannot be declared in a model. It is on UPPER(): that is what `iexact` compares
on PostgreSQL, so the look-up of a taken name uses it. SQLite knows the case of ASCII letters only.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("llmselect_project", "0001_initial"),
        # The last of Django's that rewrites the table; on SQLite that would lose the index.
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX uniq_user_username_any_case ON auth_user (UPPER(username))",
            "DROP INDEX uniq_user_username_any_case",
        )
    ]
