import { messagesOps } from "../runners/ops/messages.js";
import { testVectors } from "../support/vector-tests.js";

testVectors(["session-encrypt", "content-kinds", "blinded-encrypt"], messagesOps);
