import {
  downloadAttachment,
  downloadFile,
  type FileProgress,
  uploadAttachment,
} from "session-messenger-sdk/files";
import { connectNetwork } from "session-messenger-sdk/network";
import { startFileServer, startTestnet } from "session-messenger-sdk/testnet";
import { expect, test } from "vitest";
import { expectSame, refusal, sampleBytes } from "./support.js";

test("files travel over three hops of a real network, and the server's refusals come back", async () => {
  await using server = await startFileServer();
  await using net = await startTestnet({ nodes: 6, seed: "files" });
  await using network = connectNetwork(net.network);
  const file = sampleBytes(1_000_000);
  const seen: FileProgress[] = [];
  const onProgress = (progress: FileProgress): void => {
    seen.push(progress);
  };
  for (const scheme of ["legacy", "stream"] as const) {
    seen.length = 0;
    const options = { server, scheme, seed: sampleBytes(32, "seed"), onProgress };
    const { attachment, upload } = await uploadAttachment(
      network,
      { data: file, fileName: "large.bin" },
      options,
    );
    expectSame(await downloadAttachment(network, attachment, { onProgress }), file);
    for (const direction of ["upload", "download"]) {
      const loaded = seen
        .filter((progress) => progress.direction === direction)
        .map((progress) => progress.loaded);
      expect(loaded.length).toBeGreaterThan(5);
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
      expect(loaded.at(-1)).toBeGreaterThanOrEqual(upload.size);
      expect(loaded.at(-1)).toBeLessThan(upload.size + 1000);
    }
  }
  expect(server.files()).toHaveLength(2);
  const missing = `${server.url}/file/${"a".repeat(44)}#p=${server.ed25519PublicKey}`;
  expect(await refusal(() => downloadFile(network, missing))).toBe("FILE_NOT_FOUND");
  // A server whose key is not the one in the address cannot read the request.
  const foreign = `${server.url}/file/1#p=ff86dcd4b26d1bfec944c59859494248626d6428efc12168749d65a1b92f5e28`;
  expect(await refusal(() => downloadFile(network, foreign))).toBe("SERVER_REFUSED");
});
