import {
  base64ToBytes,
  bytesToBase64,
  concatBytes,
  hexToBytes,
  utf8ToBytes,
} from "session-messenger-sdk/bytes";
import { changedNodeText, revokeNodeText } from "session-messenger-sdk/swarm";
import {
  type FakeMessage,
  FakeNetwork,
  type FakeNode,
  type FakeReply,
  type Intercept,
  type Params,
  sign,
} from "./fake-network.js";
import { fastCrypto } from "./fast-crypto.js";

const READ = 1;
const WRITE = 2;
const DELETE = 4;
/** What a removed member may still read. */
const REMOVALS = -11;

const unauthorized: FakeReply = { status: 401, body: "the signature was refused" };

/** A network whose swarms let nobody but admins and members at a group's messages, as servers do (docs/protocol/groups.md §2). */
export class GroupNetwork extends FakeNetwork {
  /** Revoked tokens, base64, by group: the newest 50. */
  readonly revoked: Map<string, string[]> = new Map();
  /** Answers instead of the node, before its rules. */
  faults: Intercept | undefined;

  constructor(nodes = 3) {
    super(nodes);
    this.intercept = async (call) => (await this.faults?.(call)) ?? this.#rules(call);
  }

  /** A network with the same in its swarms. */
  copy(): GroupNetwork {
    const copy = new GroupNetwork(this.nodes.length);
    copy.time = this.time;
    for (const [index, { boxes }] of this.nodes.entries())
      for (const [name, box] of boxes) copy.nodes[index]?.boxes.set(name, structuredClone(box));
    for (const [group, tokens] of this.revoked) copy.revoked.set(group, [...tokens]);
    return copy;
  }

  /** What lies in a group's swarm. */
  stored(group: string, namespace: number): FakeMessage[] {
    return this.nodes.find(({ down }) => !down)?.box(group, namespace) ?? [];
  }

  /** A node is there again, with what the others took meanwhile. */
  revive(node: FakeNode): void {
    node.down = false;
    const other = this.nodes.find((member) => member !== node && !member.down);
    if (other === undefined) return;
    node.boxes.clear();
    for (const [name, box] of other.boxes) node.boxes.set(name, structuredClone(box));
  }

  #rules({ method, params }: { node: FakeNode; method: string; params: Params }): FakeReply | undefined {
    const pubkey = String(params["pubkey"]);
    if (!pubkey.startsWith("03")) return undefined;
    switch (method) {
      case "store":
        return this.#check(pubkey, params, `store${namespaceOf(params)}${params["timestamp"]}`, WRITE);
      case "retrieve":
        return this.#check(pubkey, params, `retrieve${namespaceOf(params)}${params["timestamp"]}`, READ);
      case "delete":
        return this.#check(pubkey, params, `delete${(params["messages"] as string[]).join("")}`, DELETE);
      case "expire": {
        const mode = params["extend"] === true ? "extend" : params["shorten"] === true ? "shorten" : "";
        const hashes = (params["messages"] as string[]).join("");
        return this.#check(pubkey, params, `expire${mode}${params["expiry"]}${hashes}`, WRITE);
      }
      case "delete_all":
        return (
          this.#check(pubkey, params, `delete_all${namespaceOf(params)}${params["timestamp"]}`, DELETE) ??
          this.#deleteAll(pubkey, params)
        );
      case "revoke_subaccount":
      case "unrevoke_subaccount":
        return this.#changeAccess(method, pubkey, params);
      default:
        return undefined;
    }
  }

  /** Undefined if whoever signed may do it. */
  #check(pubkey: string, params: Params, text: string | Uint8Array, access: number): FakeReply | undefined {
    const message = typeof text === "string" ? utf8ToBytes(text) : text;
    const signature = base64ToBytes(String(params["signature"]));
    const groupKey = hexToBytes(pubkey.slice(2));
    if (params["subaccount"] === undefined)
      return fastCrypto.ed25519Verify(signature, message, groupKey) ? undefined : unauthorized;
    const token = base64ToBytes(String(params["subaccount"]));
    const tokenSignature = base64ToBytes(String(params["subaccount_sig"]));
    const isRevoked = this.revoked.get(pubkey)?.includes(bytesToBase64(token)) === true;
    const readsRemovals = access === READ && params["namespace"] === REMOVALS;
    const isAllowed =
      (token[1]! & access) === access &&
      token[0] === 3 &&
      (!isRevoked || readsRemovals) &&
      fastCrypto.ed25519Verify(tokenSignature, token, groupKey) &&
      fastCrypto.ed25519Verify(signature, message, token.slice(4));
    return isAllowed ? undefined : unauthorized;
  }

  #deleteAll(pubkey: string, params: Params): FakeReply {
    const namespace = Number(params["namespace"]);
    return this.everywhere((member) => {
      const deleted = member.box(pubkey, namespace).map(({ hash }) => hash);
      member.boxes.set(`${pubkey}/${namespace}`, []);
      const text = changedNodeText(pubkey, Number(params["timestamp"]), deleted);
      return { deleted, signature: sign(member, text) };
    });
  }

  #changeAccess(method: string, pubkey: string, params: Params): FakeReply {
    const tokens = params[method === "revoke_subaccount" ? "revoke" : "unrevoke"] as string[];
    const timestamp = Number(params["timestamp"]);
    const bytes = tokens.map((token) => base64ToBytes(token));
    const refusal = this.#check(
      pubkey,
      params,
      concatBytes(utf8ToBytes(`${method}${timestamp}`), ...bytes),
      0xff,
    );
    if (refusal !== undefined) return refusal;
    const others = (this.revoked.get(pubkey) ?? []).filter((token) => !tokens.includes(token));
    this.revoked.set(pubkey, method === "revoke_subaccount" ? [...others, ...tokens].slice(-50) : others);
    return this.everywhere((member) => ({
      count: tokens.length,
      signature: sign(member, revokeNodeText(pubkey, timestamp, bytes)),
    }));
  }
}

/** Namespace 0 is the empty text. */
const namespaceOf = ({ namespace = 0 }: Params): string => (namespace === 0 ? "" : String(namespace));
