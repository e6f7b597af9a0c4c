/**
 * Keeping secrets out of logs. Key pairs made here show their public part only to `JSON.stringify` and Node's
 * `util.inspect`. Whoever wants the secret reads the property by name.
 *
 * @module
 */

/** Node's `util.inspect.custom`, by its registered name, which needs no import. */
export const INSPECT: unique symbol = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");

/** `pair`, frozen, with printing of `secretKey` switched off. */
export function hideSecretKey<Pair extends { readonly secretKey: Uint8Array }>(pair: Pair): Pair {
  return Object.freeze(Object.assign(new HiddenSecretKey(), pair));
}

class HiddenSecretKey {
  declare readonly secretKey: Uint8Array;

  toJSON(): Record<string, unknown> {
    const { secretKey: _, ...shown } = this;
    return shown;
  }

  [INSPECT](): Record<string, unknown> {
    return this.toJSON();
  }
}
