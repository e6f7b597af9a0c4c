// The room rule: a room imports only from rooms above it, and only through their doors (docs/architecture.md).
// The order below is the order of the table there.
const rooms = [
  "errors",
  "bytes",
  "crypto",
  "identity",
  "proto",
  "messages",
  "config",
  "groups",
  "onion",
  "network",
  "swarm",
  "files",
  "communities",
  "store",
  "client",
  "testnet",
];

const below = rooms.map((room, index) => ({
  name: `${room}-imports-only-from-above`,
  comment: `src/${room} may import only: ${rooms.slice(0, index).join(", ") || "nothing"}`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: { path: "^src/", pathNot: `^src/(${rooms.slice(0, index + 1).join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...below,
    {
      name: "through-the-door",
      comment: "another room is reached through its index.ts only",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/[^/]+/", pathNot: ["^src/$1/", "^src/[^/]+/index[.]ts$"] },
    },
    {
      name: "root-through-doors",
      comment: "the root door re-exports doors, and never the test network",
      severity: "error",
      from: { path: "^src/index[.]ts$" },
      to: { path: "^src/", pathNot: "^src/(?!testnet)[^/]+/index[.]ts$" },
    },
    {
      name: "no-node-in-portable-files",
      comment: "only *.node.ts files and the test network use Node's own modules",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/testnet/", "[.]node[.]ts$", "^src/crypto/node[.]ts$"] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-dev-dependencies-in-src",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
    moduleSystems: ["es6", "cjs"],
  },
};
