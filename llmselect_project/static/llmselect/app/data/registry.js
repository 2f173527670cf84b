/** The models of this server, and for which providers there is a key. */
import { get } from "../lib/api.js";
import { keep, recall } from "../lib/storage.js";
import { batch, computed, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";

/**
 * @typedef {{id: string, name: string, provider: string, context_window: number | null, max_output_tokens: number | null,
 *   input_price: string | null, output_price: string | null, reasoning: boolean | null, vision: boolean | null,
 *   tools: boolean | null, available: boolean, deprecated: boolean, checked_at: string | null}} Model
 * @typedef {{provider: string, model: string}} Choice
 */

/** @type {import("../vendor/signals.js").Signal<Model[] | null>} */
export const models = signal(null);
/** @type {import("../vendor/signals.js").Signal<any[]>} own keys, masked */
export const keys = signal([]);
/** @type {import("../vendor/signals.js").Signal<Record<string, boolean>>} of each provider that needs a key, whether the server has one */
export const systemKeys = signal({});
export const registryError = signal(null);
/** @type {import("../vendor/signals.js").Signal<Choice[]>} what was chosen lately, newest first */
export const recent = signal(recall("recent", []));

const byName = computed(() => new Map((models.value ?? []).map((model) => [nameOf(model.provider, model.id), model])));

const nameOf = (provider, id) => `${provider}\n${id}`;

/** Reads models and keys. */
export async function loadRegistry() {
  try {
    const [listed, own, system] = await Promise.all([get("/models"), get("/keys"), get("/keys/system")]);
    batch(() => {
      models.value = listed.results;
      keys.value = own.keys;
      systemKeys.value = system.system_keys;
      registryError.value = null;
    });
  } catch (error) {
    registryError.value = error;
  }
}

/** Reads the keys again, after one was stored or deleted. */
export async function loadKeys() {
  keys.value = (await get("/keys")).keys;
}

/** @param {Choice | null | undefined} choice @returns {Model | undefined} */
export const modelOf = (choice) => (choice ? byName.value.get(nameOf(choice.provider, choice.model)) : undefined);

/** The choice of nobody in particular: the server chooses by one's votes. @type {Choice} */
export const AUTO = { provider: "", model: "auto" };

/** @param {Choice | null | undefined} choice */
export const isAuto = (choice) => choice?.model === AUTO.model && !choice.provider;

/** What a request says of a choice; `auto` is of no provider. @param {Choice} choice */
export const named = ({ provider, model }) => (provider ? { provider, model } : { model });

/** Names a model as people know it. @param {Choice} choice */
export const nameOfModel = (choice) => (isAuto(choice) ? t("auto") : (modelOf(choice)?.name ?? choice.model));

/**
 * How a provider is paid: its key is not needed, one's own, the server's, or missing.
 * @param {string} provider
 * @returns {"free" | "own" | "system" | "missing"}
 */
export function keyOf(provider) {
  const system = systemKeys.value[provider];
  if (system === undefined) return "free";
  const own = keys.value.find((key) => key.provider === provider);
  if (own && (own.override_system_key || !system)) return "own";
  return system ? "system" : "missing";
}

/** Whether a model can be asked now. @param {Model} model */
export const usable = (model) => keyOf(model.provider) !== "missing";

/** Whether anything but the echo can be asked. */
export const hasRealModel = computed(() => (models.value ?? []).some((model) => model.provider !== "echo" && usable(model)));

/**
 * The model to begin with: the one chosen last, else the first that can be asked.
 * @param {{auto?: boolean}} [may] whether it may be `auto`
 * @returns {Choice | null}
 */
export function firstChoice({ auto = false } = {}) {
  const known = recent.value.find((choice) => modelOf(choice) || (auto && isAuto(choice)));
  if (known) return known;
  const found = (models.value ?? []).find((model) => usable(model) && model.available && model.provider !== "echo");
  const any = found ?? (models.value ?? []).find(usable);
  return any ? { provider: any.provider, model: any.id } : null;
}

/** Remembers a choice for the next time. @param {Choice} choice */
export function remember(choice) {
  const others = recent.value.filter((each) => each.provider !== choice.provider || each.model !== choice.model);
  recent.value = [{ provider: choice.provider, model: choice.model }, ...others].slice(0, 6);
  keep("recent", recent.value);
}
