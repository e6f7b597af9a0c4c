import { communitiesOps } from "../runners/ops/communities.js";
import { testVectors } from "../support/vector-tests.js";

testVectors(["community-urls", "sogs-http"], communitiesOps);
