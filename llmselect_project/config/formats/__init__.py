"""How the admin writes times: Django looks for a package of each language here."""
