import { filesOps } from "../runners/ops/files.js";
import { testVectors } from "../support/vector-tests.js";

testVectors(["attachments", "attachments-more"], filesOps);
