import { fileURLToPath } from "node:url";
import type { ViteUserConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const config: ViteUserConfig = {
  resolve: {
    alias: [
      { find: "#compressor", replacement: source("config/compressor.node.ts") },
      { find: "#crypto-backend", replacement: source("crypto/backend.node.ts") },
      { find: "#store-folder", replacement: source("store/folder.node.ts") },
      { find: "#transport", replacement: source("network/transport.node.ts") },
      { find: /^session-messenger-sdk$/, replacement: source("index.ts") },
      {
        find: /^session-messenger-sdk\/(crypto|identity|config|network|files|store)\/([^/]+)$/,
        replacement: source("$1/$2.ts"),
      },
      { find: /^session-messenger-sdk\/([^/]+)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    pool: "forks",
  },
};

export default config;
