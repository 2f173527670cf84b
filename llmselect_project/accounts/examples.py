"""Requests and answers of accounts and sessions, for the documentation."""

from perf.api.examples import answered, asked

NAME, PASSWORD = "ann", "correct horse battery"
# Tokens are made for one session: those of the login take the place of these.
ACCESS, REFRESH = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.access", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.refresh"
TOKENS = {"access": ACCESS, "refresh": REFRESH}

REGISTER = [asked({"username": NAME, "password": PASSWORD}), answered({"id": 2, "username": NAME}, status=201)]
LOG_IN = [asked({"username": NAME, "password": PASSWORD}), answered(TOKENS)]
NEW_TOKENS = [asked({"refresh": REFRESH}), answered(TOKENS)]
LOG_OUT = [asked({"refresh": REFRESH})]
CHANGE_PASSWORD = [asked({"current_password": PASSWORD, "new_password": "a staple for every horse"})]
ME = [answered({"id": 2, "username": NAME, "is_staff": False})]
DELETE_ACCOUNT = [asked({"password": PASSWORD})]
