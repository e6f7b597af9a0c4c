import { configOps } from "../runners/ops/config.js";
import { testVectors } from "../support/vector-tests.js";

testVectors(
  [
    "config-compressed",
    "config-contacts",
    "config-convo-info",
    "config-encrypt",
    "config-malformed",
    "config-merge-conflicts",
    "config-multipart",
    "config-protobuf-wrapped",
    "config-user-groups",
    "config-userprofile",
  ],
  configOps,
);
