import { configOps } from "../runners/ops/config.js";
import { testVectors } from "../support/vector-tests.js";

testVectors(["group-keys", "group-info", "group-members", "group-messages", "subaccount-auth"], configOps);
