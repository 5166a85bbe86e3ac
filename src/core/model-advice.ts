/**
 * What to do about a failure of the model whose own words do not say it. Front ends add
 * it for people; programs that read events get the failure alone.
 */

/** `message` is that of an `error` event. Undefined: there is nothing to add. */
export function modelAdvice(message: string): string | undefined {
  if (/\bCannot reach "/u.test(message)) {
    return "Check that the server runs and that base_url of the model provider is its address.";
  }
  if (/\bunexpected status 401\b/u.test(message)) {
    return 'The key was refused: store another one with "codex login --api-key", or set the variable that env_key of the model provider names.';
  }
  if (/\bunexpected status 404\b/u.test(message)) {
    return "Check the name of the model, and that base_url and wire_api of the model provider are what the server has.";
  }
  // With instructions of the provider's own behind it, it says what to do already.
  if (/^Missing environment variable: "[^"]*"$/u.test(message)) {
    return "Set it, or write it in $CODEX_HOME/.env, by default ~/.codex/.env.";
  }
  return undefined;
}
