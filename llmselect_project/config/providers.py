"""The keys and addresses of providers in the environment, and what is said of their answers."""

from llmselect_project.config.environment import env, listed

VENDORS = ("openai", "anthropic", "gemini", "mistral")


def system_keys() -> dict[str, str]:
    """Read OPENAI_API_KEY and the like, without the blanks that copying brings along; "" where there is none."""
    keys = {slug: env.str(f"{slug.upper()}_API_KEY", default="").strip() for slug in VENDORS}
    keys["gemini"] = keys["gemini"] or env.str("GOOGLE_API_KEY", default="").strip()
    return keys


def base_urls() -> dict[str, str]:
    """Read OPENAI_BASE_URL and the like; "" is the vendor's own."""
    return {slug: env.str(f"{slug.upper()}_BASE_URL", default="").strip() for slug in VENDORS}


def think_tags() -> dict[str, bool]:
    """Read whose answers may begin with `<think>`: kinds, providers and `provider/model`; with a minus, whose not."""
    names = listed("THINK_TAGS", "openai_compatible")
    return {name.removeprefix("-"): not name.startswith("-") for name in names}
