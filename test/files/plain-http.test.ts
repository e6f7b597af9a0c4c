import { startFileServer, type TestFileServer } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// What the test server answers without an onion request: the same paths, statuses and bodies as inside one.
describe("plain requests", () => {
  let server: TestFileServer;
  beforeAll(async () => {
    server = await startFileServer({ now: () => 1_790_000_000_000, maxBytes: 100, ids: "number" });
  });
  afterAll(() => server.close());

  async function ask(
    path: string,
    init?: RequestInit,
  ): Promise<{ status: number; type: string; body: unknown }> {
    const response = await fetch(server.url + path, init);
    const type = response.headers.get("content-type") ?? "";
    const text = await response.text();
    return { status: response.status, type, body: type === "application/json" ? JSON.parse(text) : text };
  }
  const post = (body: string): RequestInit => ({ method: "POST", body });

  test("upload, download, info", async () => {
    const { status, body } = await ask("/file", post("secret"));
    expect({ status, body }).toEqual({
      status: 200,
      body: { id: expect.stringMatching(/^\d+$/), size: 6, uploaded: 1_790_000_000, expires: 1_791_814_400 },
    });
    const { id } = body as { id: string };
    expect(await ask(`/file/${id}`)).toEqual({
      status: 200,
      type: "application/octet-stream",
      body: "secret",
    });
    expect((await fetch(`${server.url}/file/${id}`)).headers.get("expires")).toBe(
      "Mon, 12 Oct 2026 14:13:20 GMT",
    );
    expect((await ask(`/file/${id}/info`)).body).toEqual({
      size: 6,
      uploaded: 1_790_000_000,
      expires: 1_791_814_400,
    });
    expect((await ask(`/file/${id}/extend`, post(""))).status).toBe(404);
  });

  test("the old forms, in JSON and base64", async () => {
    const { status, body } = await ask("/files", post(JSON.stringify({ file: "c2VjcmV0" })));
    expect({ status, body }).toEqual({ status: 200, body: { result: expect.any(Number), status_code: 200 } });
    const { result } = body as { result: number };
    expect((await ask(`/files/${result}`)).body).toEqual({ status_code: 200, result: "c2VjcmV0" });
    expect((await ask(`/file/${result}`)).body).toBe("secret");
    for (const [text, expected] of [
      ["", 400],
      ["{}", 400],
      ['{"file":1}', 400],
      ['{"file":"%"}', 400],
      ['{"file":""}', 413],
      [JSON.stringify({ file: "A".repeat(200) }), 413],
    ] as const) {
      expect((await ask("/files", post(text))).status, text).toBe(expected);
    }
  });

  test.each([
    ["POST", "/file", 413],
    ["GET", "/file/123", 404],
    ["GET", "/file/123/info", 404],
    ["GET", "/files/123", 404],
    ["GET", "/session_version?platform=amiga", 404],
    ["GET", "/token_info?days=7", 502],
  ])("%s %s answers %i in JSON", async (method, path, status) => {
    expect(await ask(path, { method })).toEqual({
      status,
      type: "application/json",
      body: { status_code: status },
    });
  });

  test.each([
    ["GET", "/", 404],
    ["GET", "/file/", 404],
    ["GET", "/file/1/2", 404],
    ["DELETE", "/file/1", 405],
    ["GET", "/file", 405],
    ["GET", "/oxen/v4/lsrpc", 405],
    ["POST", "/oxen/v4/lsrpc", 400],
  ])("%s %s answers %i with a page", async (method, path, status) => {
    const answer = await ask(path, { method });
    expect(answer).toMatchObject({ status, type: "text/html; charset=utf-8" });
    expect(answer.body).toContain(`<title>${status}`);
  });

  test("an upload over the limit is refused, one at it is not", async () => {
    expect((await ask("/file", post("x".repeat(101)))).body).toEqual({ status_code: 413 });
    expect((await ask("/file", post("x".repeat(100)))).status).toBe(200);
  });
});

test("options that make no sense are refused", async () => {
  await expect(startFileServer({ maxBytes: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(startFileServer({ ttlSeconds: Number.NaN })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});
