/**
 * Keeping secrets out of logs. Key pairs made here show their public part only to `JSON.stringify` and Node's
 * `util.inspect`. Whoever wants the secret reads the property by name.
 *
 * @module
 */

/** Node's `util.inspect.custom`, by its registered name, which needs no import. */
export const INSPECT: unique symbol = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");

/** `pair` with printing of `secretKey` switched off. */
export function hideSecretKey<Pair extends { readonly secretKey: Uint8Array }>(pair: Pair): Pair {
  const shown = (): Omit<Pair, "secretKey"> => {
    const { secretKey: _, ...rest } = pair;
    return rest;
  };
  const hidden = { enumerable: false, value: shown };
  return Object.freeze(Object.defineProperties({ ...pair }, { toJSON: hidden, [INSPECT]: hidden }));
}
