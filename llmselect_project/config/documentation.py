"""The groups of the API's operations, in the order in which a user needs them, and names of sets of values."""

# Fields of the same name with different values.
ENUM_NAMES = {
    "HealthStatus": ["ok", "degraded", "error"],
    "TokenState": ["active", "expired"],
    "JobState": ["waiting", "running", "done", "failed", "cancelled"],
}

TAGS = [
    {
        "name": "chat",
        "description": "Talk to one model, and read its answer whole or as it is written. Every chat is kept as a "
        "conversation.",
    },
    {
        "name": "compare",
        "description": "Put two to four models side by side, blind if you like, vote for the best answer, and see "
        "which model serves you best.",
    },
    {
        "name": "gateway",
        "description": "Clients of OpenAI's and Anthropic's protocols in front of every provider: `/v1` is their base "
        "URL. Errors have the shape of the protocol.",
    },
    {
        "name": "conversations",
        "description": "Your chats: list and search them (`?search=`), read, rename, export and delete them.",
    },
    {
        "name": "files",
        "description": "Images, PDFs and texts to send along with a message: upload one, then name its id in "
        "`attachments`.",
    },
    {
        "name": "imports",
        "description": "Bring your history from ChatGPT, Claude, Open WebUI, LibreChat, llm or another LLMSelect.",
    },
    {"name": "models", "description": "Which models there are, how much they can read, and what they cost."},
    {
        "name": "keys",
        "description": "Your own API keys of providers, where the server has none or you prefer yours. A key goes in "
        "and never comes out.",
    },
    {
        "name": "usage",
        "description": "What was used and what it cost, by day, model, token or endpoint, and budgets that bound it.",
    },
    {
        "name": "auth",
        "description": "Accounts and sessions: register, log in for an access token, send it as "
        "`Authorization: Bearer …`, and trade the refresh token for a new pair before it expires.",
    },
    {
        "name": "tokens",
        "description": "Your API tokens: credentials for programs, with limits of their own, that work until they "
        "expire or you revoke them. To manage them you must be logged in: no token may do it.",
    },
    {"name": "health", "description": "Whether the server works, for load balancers and monitoring."},
    {"name": "admin", "description": "For staff: caches, health in detail, performance, the registry of models."},
]
