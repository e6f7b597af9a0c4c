/**
 * What a file server answers, to plain requests and to those inside an onion request alike: paths, statuses, bodies
 * (docs/protocol/attachments.md §6.3).
 *
 * @module
 */
import { base64ToBytes, bytesToBase64, bytesToUtf8, utf8ToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { checkVersionAuth } from "./file-auth.js";
import type { FileStore, StoredFile } from "./file-store.js";

/** A request to a file server. Header names are in lower case. */
export interface FileRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Its answer. */
export interface FileAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A release of an app, as `GET /session_version` tells it. */
export interface TestRelease {
  readonly version: string;
  readonly name?: string | undefined;
  readonly notes?: string | undefined;
  readonly assets?: ReadonlyArray<{ readonly name: string; readonly url: string }> | undefined;
}

/** What the apps' releases are, by platform. */
export type TestReleases = Readonly<
  Partial<
    Record<
      "desktop" | "android" | "ios",
      { readonly stable?: TestRelease; readonly alpha?: TestRelease; readonly prerelease?: TestRelease }
    >
  >
>;

/** The world of the routes. */
export interface FileServerWorld {
  readonly store: FileStore;
  readonly crypto: Crypto;
  readonly now: () => number;
  /** Largest upload, bytes. */
  readonly maxBytes: number;
  /** Life of a file, milliseconds. */
  readonly ttlMs: number;
  /** Longest life that a client may ask for, milliseconds; undefined: wishes are ignored. */
  readonly maxTtlMs: number | undefined;
  readonly releases: TestReleases;
}

type Handler = (world: FileServerWorld, request: FileRequest, id: string) => FileAnswer;

const ROUTES: ReadonlyArray<readonly [method: string, path: RegExp, handler: Handler]> = [
  [
    "POST",
    /^\/file$/,
    (world, request) =>
      upload(world, request.body, request.headers, (file) => ({ id: file.id, ...described(file) })),
  ],
  ["GET", /^\/file\/([^/]+)$/, getFile],
  ["GET", /^\/file\/([^/]+)\/info$/, ({ store }, _request, id) => info(store.get(id))],
  ["POST", /^\/file\/([^/]+)\/extend$/, extend],
  ["POST", /^\/files$/, uploadOld],
  ["GET", /^\/files\/([^/]+)$/, getFileOld],
  ["GET", /^\/session_version$/, sessionVersion],
  // There is no token on a test network, hence nothing known about it.
  ["GET", /^\/token_info$/, () => failure(502)],
];

/** Answers a request. */
export function answerFileRequest(world: FileServerWorld, request: FileRequest): FileAnswer {
  const path = request.path.replace(/\?.*$/s, "");
  const matching = ROUTES.filter(([, pattern]) => pattern.test(path));
  const route = matching.find(([method]) => method === request.method);
  if (route !== undefined) return route[2](world, request, route[1].exec(path)?.[1] ?? "");
  return matching.length === 0 ? page(404, "Not Found") : page(405, "Method Not Allowed");
}

/** A page of the server's framework. */
export function page(status: number, title: string): FileAnswer {
  const html = `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n`;
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: utf8ToBytes(html) };
}

function json(value: object, status = 200): FileAnswer {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: utf8ToBytes(JSON.stringify(value)),
  };
}

function failure(status: number): FileAnswer {
  return json({ status_code: status }, status);
}

function upload(
  world: FileServerWorld,
  body: Uint8Array,
  headers: FileRequest["headers"],
  success: (file: StoredFile) => object,
): FileAnswer {
  if (body.length === 0 || body.length > world.maxBytes) return failure(413);
  const ttlMs = requestedTtl(world, headers);
  if (ttlMs === undefined) return failure(400);
  const file = world.store.add(body, ttlMs);
  return file === undefined ? failure(507) : json(success(file));
}

function getFile({ store }: FileServerWorld, _request: FileRequest, id: string): FileAnswer {
  const file = store.get(id);
  if (file === undefined) return failure(404);
  const expires = new Date(file.expiresAt).toUTCString();
  return { status: 200, headers: { "content-type": "application/octet-stream", expires }, body: file.data };
}

function info(file: StoredFile | undefined): FileAnswer {
  return file === undefined ? failure(404) : json(described(file));
}

function extend(world: FileServerWorld, { headers }: FileRequest, id: string): FileAnswer {
  const ttlMs = requestedTtl(world, headers);
  return ttlMs === undefined ? failure(400) : info(world.store.extend(id, ttlMs));
}

function uploadOld(world: FileServerWorld, { body, headers }: FileRequest): FileAnswer {
  let data: Uint8Array;
  try {
    const { file } = JSON.parse(bytesToUtf8(body)) as { readonly file?: unknown };
    if (typeof file !== "string") return failure(400);
    if (file.length === 0 || file.length > Math.ceil(world.maxBytes / 3) * 4) return failure(413);
    data = base64ToBytes(file);
  } catch {
    return failure(400);
  }
  const success = ({ id }: StoredFile): object => ({
    result: /^\d+$/.test(id) ? Number(id) : id,
    status_code: 200,
  });
  return upload(world, data, headers, success);
}

function getFileOld({ store }: FileServerWorld, _request: FileRequest, id: string): FileAnswer {
  const file = store.get(id);
  return file === undefined ? failure(404) : json({ status_code: 200, result: bytesToBase64(file.data) });
}

function sessionVersion(world: FileServerWorld, request: FileRequest): FileAnswer {
  const query = new URLSearchParams(/\?(.*)$/s.exec(request.path)?.[1] ?? "");
  const platform = query.get("platform");
  if (platform !== "desktop" && platform !== "android" && platform !== "ios") return failure(404);
  const refusal = checkVersionAuth(request, world);
  if (refusal !== undefined) return text(refusal.status, refusal.reason);
  const channels = world.releases[platform];
  const release = query.get("release_channel") === "alpha" ? channels?.alpha : channels?.stable;
  if (release === undefined) return failure(502);
  const updated = seconds(world.now());
  const prerelease =
    channels?.prerelease === undefined
      ? {}
      : { prerelease: { updated, ...releaseJson(channels.prerelease) } };
  return json({ status_code: 200, updated, ...releaseJson(release), ...prerelease });
}

function releaseJson({ version, name, notes, assets }: TestRelease): object {
  return {
    result: version,
    ...(name && { name }),
    ...(notes && { notes }),
    ...(assets?.length && { assets }),
  };
}

function text(status: number, reason: string): FileAnswer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: utf8ToBytes(reason) };
}

/** Undefined for a wish that makes no sense. */
function requestedTtl(
  { ttlMs, maxTtlMs }: FileServerWorld,
  headers: FileRequest["headers"],
): number | undefined {
  const wish = headers["x-fs-ttl"];
  if (wish === undefined || maxTtlMs === undefined) return ttlMs;
  const wishMs = Number(wish) * 1000;
  return /^[+-]?\d+$/.test(wish.trim()) && wishMs >= 0 && wishMs <= maxTtlMs ? wishMs : undefined;
}

function described({ data, uploadedAt, expiresAt }: StoredFile): object {
  return { size: data.length, uploaded: seconds(uploadedAt), expires: seconds(expiresAt) };
}

function seconds(ms: number): number {
  return ms / 1000;
}
