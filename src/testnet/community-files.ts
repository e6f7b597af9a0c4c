/**
 * Endpoints about files (docs/protocol/communities.md §8.4).
 *
 * @module
 */
import { jsonResponse, refusePage } from "./community-http.js";
import { may, requireRead, requireUser } from "./community-permissions.js";
import { type Route, roomOf } from "./community-routes.js";

/** Life of a file that no message shows yet, seconds. */
const UPLOAD_LIFE = 3600;

const httpDate = (seconds: number): string => new Date(seconds * 1000).toUTCString();

export const fileRoutes: readonly Route[] = [
  {
    method: "POST",
    pattern: /^\/room\/([\w-]+)\/file$/,
    answer: (call) => {
      const { state, request } = call;
      const user = requireUser(call.user);
      const room = roomOf(call);
      if (!may(room, user, "write", "upload")) throw refusePage(403);
      if (request.body.length > state.maxFileBytes) throw refusePage(413);
      const now = state.now();
      const name = /filename\*=UTF-8''([^;]+)/i.exec(request.headers["content-disposition"] ?? "")?.[1];
      const { id } = state.addFile({
        room,
        uploader: user,
        bytes: request.body,
        uploaded: now,
        expiry: now + UPLOAD_LIFE,
        disposition: name === undefined ? "attachment" : `attachment; filename*=UTF-8''${name}`,
        owned: false,
      });
      return jsonResponse({ id }, 201);
    },
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/file\/(\d+)(?:\/.*)?$/,
    answer: (call) => {
      const room = roomOf(call);
      requireRead(room, call.user);
      const file = call.state.files.get(Number(call.params[1]));
      const isThere = file?.room === room && (file.expiry === undefined || file.expiry > call.state.now());
      if (file === undefined || !isThere) throw refusePage(404);
      return {
        status: 200,
        headers: {
          "content-type": "application/octet-stream",
          "content-disposition": file.disposition,
          date: httpDate(file.uploaded),
          ...(file.expiry === undefined ? {} : { expires: httpDate(file.expiry) }),
        },
        body: file.bytes,
      };
    },
  },
];
