/**
 * What every kind of config does: change, merge, push, confirm, dump (docs/protocol/config.md §6.2, §11).
 *
 * A device changes its config at will, pushes it, and confirms the push once the swarm has it. What other devices pushed
 * is merged in, in any order; after that all devices hold the same data, byte for byte.
 *
 * @module
 */
import { type BtDict, type BtInput, equalBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import {
  type ConfigDict,
  type ConfigPath,
  type ConfigValue,
  checkChange,
  EMPTY_DICT,
  equalValues,
  isEmpty,
  valueAt,
} from "./data.js";
import { ConfigDocument } from "./document.js";
import { decodeDump, encodeDump, invalidDump } from "./dump.js";
import { unpadConfig } from "./encrypt.js";
import type { ConfigErrorCode } from "./errors.js";
import { ConfigHashes } from "./hashes.js";
import { type Candidate, type ConfigSign, compareVersions, initialMessage, parseMessage } from "./message.js";
import { PartCollector } from "./multipart.js";
import { resolve } from "./resolve.js";
import { openConfig, type SealContext, sealConfig, unpackConfig } from "./seal.js";
import { loadMessage, signerOf, verifierOf } from "./signing.js";
import type {
  ConfigKind,
  ConfigOptions,
  ConfigPush,
  ConfigSecrets,
  IgnoredConfig,
  MergeResult,
  StoredConfig,
} from "./types.js";

export class ConfigBase {
  readonly namespace: number;
  readonly domain: string;
  protected readonly crypto: Crypto;
  protected readonly now: () => number;
  /** The kind's own part of the dump that this config was made from. */
  protected readonly loadedExtra: BtDict | undefined;
  readonly #secrets: ConfigSecrets;
  readonly #compress: ConfigOptions["compress"];
  readonly #document: ConfigDocument;
  readonly #hashes: ConfigHashes;
  readonly #parts: PartCollector;
  #keys: readonly Uint8Array[];
  #needsDump = false;

  /** @throws `CONFIG_DUMP_INVALID` */
  protected constructor(kind: ConfigKind, secrets: ConfigSecrets, options: ConfigOptions) {
    const { crypto = defaultCrypto, now = Date.now, compress } = options;
    this.namespace = kind.namespace;
    this.domain = kind.domain;
    this.crypto = crypto;
    this.now = now;
    this.#secrets = secrets;
    this.#keys = secrets.keys;
    this.#compress = compress;
    this.#parts = new PartCollector(crypto);
    const dump = options.dump === undefined ? undefined : decodeDump(options.dump);
    this.#hashes = new ConfigHashes(dump?.current, dump?.obsolete);
    this.loadedExtra = dump?.extra;
    try {
      if (dump !== undefined) this.#parts.load(dump.parts);
      const message =
        dump === undefined ? initialMessage(crypto) : loadMessage(dump.message, this.#sign(), crypto);
      this.#document = new ConfigDocument(message, dump?.state ?? "clean");
    } catch (cause) {
      if (!isSessionError(cause)) throw cause;
      throw invalidDump("the config of the dump cannot be read", cause);
    }
  }

  /** Number of the current version. */
  get seqno(): bigint {
    return this.#document.seqno;
  }

  /** True from a change until its push is confirmed. */
  get needsPush(): boolean {
    return this.#document.state !== "clean";
  }

  /** True when anything has changed since the last dump. */
  get needsDump(): boolean {
    return this.#needsDump;
  }

  /** False for a device that may not sign this config. */
  get canWrite(): boolean {
    const { signing } = this.#secrets;
    return signing === undefined || signing.secretKey !== undefined;
  }

  /** Storage hashes of the current version. */
  get currentHashes(): readonly string[] {
    return this.#hashes.current;
  }

  /** Storage hashes to keep alive: of the current version, and of parts that wait for others. */
  get activeHashes(): readonly string[] {
    return [...new Set([...this.currentHashes, ...this.#parts.hashes()])];
  }

  /** The data as it is now; later changes do not change it. */
  snapshot(): ConfigDict {
    return this.#document.snapshot();
  }

  /**
   * Sets the value at a path of binary strings; `undefined` and empty values remove it. The typed setters keep to each
   * key's rules; this does not.
   *
   * @returns whether anything changed
   * @throws `CONFIG_VALUE_INVALID`, `CONFIG_READ_ONLY`
   */
  setRaw(path: ConfigPath, value: ConfigValue | undefined): boolean {
    checkChange(path, value);
    return this.write(path, value);
  }

  /** Replaces the keys, the newest first. @param reencrypt - push again if another key is the first now */
  setKeys(keys: readonly Uint8Array[], { reencrypt = false }: { readonly reencrypt?: boolean } = {}): void {
    const [before, after] = [this.#keys[0], keys[0]];
    this.#keys = keys;
    const isSame = before !== undefined && after !== undefined && equalBytes(before, after);
    if (reencrypt && !isSame && this.canWrite) this.#edit();
  }

  /**
   * Merges messages that a swarm gave, whatever their order and age. What cannot be read is reported and changes nothing;
   * the others are merged all the same.
   */
  merge(messages: readonly StoredConfig[]): MergeResult {
    this.#parts.expire(this.now());
    const accepted: string[] = [];
    const ignored: IgnoredConfig[] = [];
    const candidates: Candidate[] = [];
    for (const stored of messages) {
      try {
        const candidate = this.#read(stored);
        accepted.push(stored.hash);
        if (candidate !== undefined) candidates.push(candidate);
      } catch (error) {
        if (!isSessionError(error)) throw error;
        ignored.push({ hash: stored.hash, error });
      }
    }
    this.#needsDump ||= accepted.length > 0;
    return { accepted, ignored, changed: candidates.length > 0 && this.#adopt(candidates) };
  }

  /**
   * The messages to store for the current version. Allowed at any time; without changes it gives the same ones again.
   *
   * @throws `CONFIG_TOO_LARGE`, and nothing has changed then
   */
  push(): ConfigPush {
    const message = this.#document.finished(this.#sign(), this.crypto);
    const { messages, partsId } = sealConfig(message.bytes, message.seqno, this.#sealContext());
    const obsolete = this.#hashes.takeObsolete();
    this.#needsDump ||= this.#document.state === "dirty" || obsolete.length > 0;
    this.#document.close(message);
    if (partsId !== undefined) this.#parts.remember(partsId, this.now());
    return { seqno: message.seqno, messages, obsolete: this.canWrite ? obsolete : [] };
  }

  /**
   * Says that a push is stored. Does nothing if the config has changed since.
   *
   * @param hashes - storage hashes of all its messages
   */
  confirm(seqno: bigint, hashes: readonly string[]): void {
    if (this.#document.state !== "waiting" || seqno !== this.seqno) return;
    this.#document.confirm();
    this.#hashes.setCurrent(hashes);
    this.#needsDump = true;
  }

  /** Everything to go on from after a restart. Not encrypted. */
  dump(): Uint8Array {
    this.#needsDump = false;
    return encodeDump({
      state: this.#document.state,
      message: this.#document.finished(undefined, this.crypto).bytes,
      current: this.currentHashes,
      obsolete: this.#hashes.obsolete,
      parts: this.#parts.toDump(),
      extra: this.dumpExtra(),
    });
  }

  /** The kind's own part of a dump. */
  protected dumpExtra(): BtInput | undefined {
    return undefined;
  }

  /** The value at a path. Not to be held: it changes. */
  protected read(path: ConfigPath): ConfigValue | undefined {
    return valueAt(this.#document.root, path);
  }

  /** Sets or removes a value. An equal value is no change. @returns whether anything changed */
  protected write(path: ConfigPath, value: ConfigValue | undefined): boolean {
    const wanted = value === undefined || isEmpty(value) ? undefined : value;
    if (equalValues(this.read(path), wanted)) return false;
    this.#edit();
    this.#document.write(path, wanted);
    return true;
  }

  #edit(): void {
    if (!this.canWrite) {
      throw new SessionError<ConfigErrorCode>("CONFIG_READ_ONLY", "this device may not change the config");
    }
    this.#hashes.retireCurrent();
    this.#document.startDraft();
    this.#needsDump = true;
  }

  /** Reads one stored message: a version, or nothing if it is a part that others are missing for. */
  #read({ hash, data }: StoredConfig): Candidate | undefined {
    const { crypto } = this;
    const opened = openConfig(data, this.#sealContext());
    const verify = verifierOf(this.#secrets.signing, crypto);
    if (opened.kind === "message") {
      return { message: parseMessage(opened.bytes, { verify, crypto }), hashes: [hash] };
    }
    const complete = this.#parts.add(opened.part, hash, this.now());
    if (complete === undefined) return undefined;
    const bytes = unpackConfig(unpadConfig(complete.padded));
    return { message: parseMessage(bytes, { verify, crypto }), hashes: complete.hashes };
  }

  /** Goes on from what the received versions and the own one come to. */
  #adopt(received: readonly Candidate[]): boolean {
    const before = this.seqno;
    const wasDirty = this.#document.state === "dirty";
    const own: Candidate | undefined =
      before === 0n && !wasDirty
        ? undefined
        : { message: this.#document.finished(this.#sign(), this.crypto), hashes: this.currentHashes };
    const candidates = own === undefined ? received : [own, ...received];
    const outcome = resolve(
      candidates.map(({ message }) => message),
      this.canWrite,
    );
    const winner = outcome.kind === "winner" ? candidates[outcome.index] : undefined;
    for (const candidate of candidates) {
      // Our own push, not confirmed yet, or the same merge by another device: what we are about to store, not obsolete.
      const isOurPush =
        winner === own && own?.hashes.length === 0 && compareVersions(candidate.message, own.message) === 0;
      if (candidate !== winner && !isOurPush) this.#hashes.retire(candidate.hashes);
    }
    if (outcome.kind === "merged") {
      // Devices with changes of their own list none in the merge, others list everything: so do the official clients.
      const origin = wasDirty ? outcome.data : EMPTY_DICT;
      this.#document.adoptDraft({ ...outcome, origin, unknown: new Map() });
      this.#hashes.setCurrent([]);
      return true;
    }
    const isNew = winner !== undefined && winner !== own && winner.message.seqno !== before;
    if (isNew) this.#document.adopt(winner.message);
    this.#hashes.setCurrent(isNew ? winner.hashes : this.currentHashes);
    return isNew;
  }

  #sign(): ConfigSign | undefined {
    return signerOf(this.#secrets.signing, this.crypto);
  }

  #sealContext(): SealContext {
    const { namespace, domain, crypto } = this;
    return {
      namespace,
      domain,
      keys: this.#keys,
      wrap: this.#secrets.wrap,
      compress: this.#compress,
      crypto,
    };
  }
}
