/**
 * What a failure on the way means, and whom it costs trust: the table of docs/protocol/network.md §7.1 as a function.
 *
 * Errors of hops come in clear, so any hop can forge them: none removes more than one node, and each that removes one
 * counts against the path as well. Statuses that matter to an account (406, 421, 425) are believed only when they were
 * decrypted from the destination's reply; these never come here.
 *
 * @module
 */
import type { NetworkErrorCode, PathFailureReason } from "./types.js";

/** What was seen in place of a reply from the destination: an HTTP status of the guard, or one of these. */
export type PathSymptom =
  /** This machine has no network. */
  | "offline"
  /** No TCP or TLS connection to the guard. */
  | "guard-unreachable"
  /** Our own time limit passed after the request was sent. */
  | "timeout"
  /** The connection broke after the request was sent. */
  | "connection-lost"
  /** A 200 that no key opens, or longer than allowed. */
  | "unreadable"
  /** A 200 under the key of a hop. */
  | "hop-error"
  /** A 200 under the destination's key that is not what the protocol says. */
  | "invalid-reply";

/** Where the request was going. Keys are Ed25519, hex. */
export interface PathFailureContext {
  /** The hops, guard first. */
  readonly path: readonly string[];
  /** Key of the destination node; undefined for a server. */
  readonly destination: string | undefined;
}

/** What to do about a failure. */
export interface PathFailureAction {
  readonly reason: PathFailureReason;
  /**
   * `other-path`: try again over another path. `fresh-keys`: the same, but only once. `other-destination`: this node will
   * not answer, take another. `none`: no use.
   */
  readonly retry: "other-path" | "fresh-keys" | "other-destination" | "none";
  /** `count`: one strike for the path. `hops`: that, and one for each hop behind the guard. */
  readonly strikePath: "no" | "count" | "hops";
  /** Nodes that get a strike at once. */
  readonly strikeNodes: readonly string[];
  /** A node to remove from the pool, and to replace in the path. */
  readonly removeNode?: string | undefined;
  /**
   * Nothing tells who is to blame: send a short request to another node over this path, and if it is answered, take the
   * path's strike back.
   */
  readonly probe: boolean;
  /** The error when no attempt is left. */
  readonly error: NetworkErrorCode;
}

const NODE_NOT_FOUND = /Next node (?:not found|is currently unreachable): ([0-9a-fA-F]{64})/;
const NODE_NOT_READY = /Snode not ready: ([0-9a-fA-F]{64})/;

/**
 * The action for one failure.
 *
 * @param symptom - HTTP status of the guard's reply (not 200), or what happened instead
 * @param body - text of that reply; matched with "contains", as newer transports put a prefix before it
 */
export function classifyPathFailure(
  symptom: number | PathSymptom,
  body: string,
  context: PathFailureContext,
): PathFailureAction {
  if (typeof symptom !== "number") return classifySymptom(symptom, context);
  if (body.includes("Oxen Server error"))
    return action("oxen-server-error", { retry: "none", strikePath: "no" });
  switch (symptom) {
    case 400:
      return classify400(body, context);
    case 406:
    case 421:
    case 425:
      return isServer(context) ? fromServer() : action("unauthenticated-status");
    case 500:
      if (body.includes("Invalid response from snode")) return action("invalid-hop-response");
      break;
    case 502:
      return classify502(body, context);
    case 503:
      return classify503(body, context);
    case 504:
      return isServer(context)
        ? action("server-slow", { retry: "none", strikePath: "no", error: "TIMEOUT" })
        : action("hop-timeout", { ...silence(context), error: "TIMEOUT" });
  }
  // Hops pass a server's own refusal on as the status of the whole request.
  return isServer(context) ? fromServer() : action("other-status");
}

function classifySymptom(symptom: PathSymptom, context: PathFailureContext): PathFailureAction {
  switch (symptom) {
    case "offline":
      return action("offline", { retry: "none", strikePath: "no", error: "TRANSPORT_FAILED" });
    case "guard-unreachable":
      return action("guard-unreachable", { strikePath: "count", strikeNodes: context.path.slice(0, 1) });
    case "timeout":
      return action("no-answer", { ...silence(context), error: "TIMEOUT" });
    case "connection-lost":
      return action("no-answer", silence(context));
    case "unreadable":
      return action("unreadable-reply");
    case "hop-error":
      return action("hop-error", { retry: "fresh-keys" });
    case "invalid-reply":
      // Only the destination can have written it: the path did its work.
      return action("invalid-reply", {
        strikePath: "no",
        strikeNodes: context.destination === undefined ? [] : [context.destination],
        error: "RESPONSE_INVALID",
      });
  }
}

function classify400(body: string, context: PathFailureContext): PathFailureAction {
  if (body.includes("Invalid ciphertext") || body.includes("Error parsing onion request")) {
    return action("invalid-ciphertext", { retry: "fresh-keys" });
  }
  return isServer(context) ? fromServer() : action("other-status");
}

function classify502(body: string, context: PathFailureContext): PathFailureAction {
  const key = NODE_NOT_FOUND.exec(body)?.[1]?.toLowerCase();
  if (key === undefined) {
    return isServer(context)
      ? action("server-unreachable", { retry: "none", strikePath: "no", error: "SERVER_UNREACHABLE" })
      : action("other-status");
  }
  if (key === context.destination) {
    return action("destination-not-found", {
      retry: "other-destination",
      strikePath: "count",
      removeNode: key,
      error: "NODE_UNREACHABLE",
    });
  }
  // No hop asks for the guard: who names it lies.
  return context.path.indexOf(key) > 0
    ? action("hop-not-found", { strikePath: "count", removeNode: key })
    : action("unknown-node-not-found");
}

function classify503(body: string, context: PathFailureContext): PathFailureAction {
  const key = NODE_NOT_READY.exec(body)?.[1]?.toLowerCase();
  if (key !== undefined && key === context.destination) {
    return action("destination-not-ready", {
      retry: "other-destination",
      strikePath: "count",
      strikeNodes: [key],
      error: "NODE_UNREACHABLE",
    });
  }
  if (key !== undefined && context.path.includes(key)) {
    return action("hop-not-ready", { strikePath: "count", strikeNodes: [key] });
  }
  if (body.includes("Service node is not ready") || body.includes("Server busy, try again later")) {
    return action("guard-not-ready", { strikePath: "count", strikeNodes: context.path.slice(0, 1) });
  }
  return isServer(context) ? fromServer() : action("other-status");
}

/** Some hop or the destination is dead; a relay says so only after 30 seconds, and does not say which. */
function silence({ destination }: PathFailureContext): Partial<PathFailureAction> {
  return { strikeNodes: destination === undefined ? [] : [destination], probe: true };
}

function fromServer(): PathFailureAction {
  return action("server-refused", { retry: "none", strikePath: "no", error: "SERVER_REFUSED" });
}

function isServer(context: PathFailureContext): boolean {
  return context.destination === undefined;
}

/** "Strike the path, retry", but for the changes. */
function action(reason: PathFailureReason, changes: Partial<PathFailureAction> = {}): PathFailureAction {
  return {
    reason,
    retry: "other-path",
    strikePath: "hops",
    strikeNodes: [],
    probe: false,
    error: "PATH_FAILED",
    ...changes,
  };
}
