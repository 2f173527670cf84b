/** The form for a new account: the API makes it, then the form signs in. */
import { request } from "../lib/api.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("register"));
const refusal = /** @type {HTMLElement} */ (document.getElementById("refusal"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = {};
  for (const input of form.querySelectorAll("label input")) body[input.dataset.field ?? input.name] = input.value;
  try {
    await request("POST", "/auth/register", { body });
    form.submit();
  } catch (error) {
    refusal.textContent = Object.values(error.details ?? {}).flat().join(" ") || error.message;
    refusal.hidden = false;
  }
});
