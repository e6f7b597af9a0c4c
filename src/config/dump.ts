/**
 * A config in the form for the local store (docs/protocol/config.md §12).
 *
 * ```text
 * !  state 0 clean, 1 dirty, 2 waiting   $  message   (  current storage hashes   )  obsolete ones   *  parts   +  extra
 * ```
 *
 * The layout is that of the official clients' library, so its dumps can be read. Unlike there, a message of a signed kind
 * keeps its signature: without it nobody else knows the message by its hash.
 *
 * @module
 */
import {
  type BtDict,
  type BtInput,
  type BtValue,
  btDecodeDict,
  btEncode,
  bytesToUtf8,
} from "../bytes/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { ConfigErrorCode } from "./errors.js";

/** `clean`: stored as it is. `dirty`: has changes to push. `waiting`: was pushed, not confirmed. */
export type ConfigState = "clean" | "dirty" | "waiting";

export interface ConfigDump {
  readonly state: ConfigState;
  readonly message: Uint8Array;
  readonly current: readonly string[];
  readonly obsolete: readonly string[];
  readonly parts: BtDict;
  readonly extra: BtDict | undefined;
}

const STATES: readonly ConfigState[] = ["clean", "dirty", "waiting"];

export function encodeDump(
  dump: Omit<ConfigDump, "parts" | "extra"> & {
    readonly parts: BtInput;
    readonly extra: BtInput | undefined;
  },
): Uint8Array {
  return btEncode({
    "!": STATES.indexOf(dump.state),
    $: dump.message,
    "(": dump.current,
    ")": dump.obsolete,
    "*": dump.parts,
    "+": dump.extra,
  });
}

/** @throws `CONFIG_DUMP_INVALID` */
export function decodeDump(bytes: Uint8Array): ConfigDump {
  try {
    const dict = btDecodeDict(bytes);
    const state = STATES[Number(dict.get("!"))];
    const message = dict.get("$");
    if (state === undefined || !(message instanceof Uint8Array))
      throw invalidDump("the dump has no state or message");
    return {
      state,
      message,
      current: hashes(dict.get("(")),
      obsolete: hashes(dict.get(")")),
      parts: dictOf(dict.get("*")) ?? new Map(),
      extra: dictOf(dict.get("+")),
    };
  } catch (cause) {
    if (!isSessionError(cause) || isSessionError(cause, "CONFIG_DUMP_INVALID")) throw cause;
    throw invalidDump("the dump cannot be read", cause);
  }
}

/** Old dumps have one hash, perhaps empty, in place of a list. */
function hashes(value: BtValue | undefined): string[] {
  const list: readonly BtValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.flatMap((hash) => {
    if (!(hash instanceof Uint8Array)) throw invalidDump("a hash of the dump is no text");
    return hash.length === 0 ? [] : [bytesToUtf8(hash)];
  });
}

function dictOf(value: BtValue | undefined): BtDict | undefined {
  if (value === undefined || value instanceof Map) return value;
  throw invalidDump("a dict of the dump is of another type");
}

export function invalidDump(message: string, cause?: unknown): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_DUMP_INVALID", message, { cause });
}
