/**
 * Community servers in config dicts: `{ # 32-byte server key, R { … } }` by address (docs/protocol/config.md §15 to §17).
 *
 * @module
 */
import { bytesToBinaryString, bytesToHex, hexToBytes } from "../bytes/index.js";
import type { CommunityServer } from "./community-address.js";
import { type ConfigDict, type ConfigValue, isDict, sortedEntries } from "./data.js";
import { readBytes } from "./fields.js";

/** A server's entry with what is in it. */
export interface ServerEntry extends CommunityServer {
  readonly rooms: ConfigDict;
}

const KEY_LENGTH = 32;

/** Nothing for an entry without key or rooms, as a merge can leave one. */
export function readServer(baseUrl: string, value: ConfigValue | undefined): ServerEntry | undefined {
  if (!isDict(value)) return undefined;
  const key = readBytes(value, "#", KEY_LENGTH);
  const rooms = value.get("R");
  return key === undefined || !isDict(rooms) ? undefined : { baseUrl, publicKey: bytesToHex(key), rooms };
}

/** Every room of every server, in the order of addresses and names. */
export function* serverRooms(
  servers: ConfigDict,
): IterableIterator<{ readonly server: ServerEntry; readonly key: string; readonly dict: ConfigDict }> {
  for (const [baseUrl, value] of sortedEntries(servers)) {
    const server = readServer(baseUrl, value);
    if (server === undefined) continue;
    for (const [key, dict] of sortedEntries(server.rooms)) if (isDict(dict)) yield { server, key, dict };
  }
}

export function serverKeyToBinary(publicKey: string): string {
  return bytesToBinaryString(hexToBytes(publicKey));
}
