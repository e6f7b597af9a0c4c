/**
 * What an endpoint of a community server is.
 *
 * @module
 */
import { type CommunityRequest, type CommunityResponse, refusePage } from "./community-http.js";
import type { Room, User } from "./community-model.js";
import type { CommunityState } from "./community-state.js";

/** A request that found its endpoint. */
export interface RouteCall {
  readonly state: CommunityState;
  readonly request: CommunityRequest;
  readonly user: User | undefined;
  /** The groups of the pattern. */
  readonly params: readonly string[];
  /** Answers another request of the same user: for batches. */
  readonly again: (request: CommunityRequest) => CommunityResponse;
}

/** An endpoint. The first group of a pattern below `/room/` is the room's token. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly pattern: RegExp;
  readonly answer: (call: RouteCall) => CommunityResponse;
}

/** The room that a path names. Tokens have no case. */
export function roomOf({ state, params }: RouteCall): Room {
  const room = state.rooms.get((params[0] ?? "").toLowerCase());
  if (room === undefined) throw refusePage(404);
  return room;
}
