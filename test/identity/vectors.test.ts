import { identityOps } from "../runners/ops/identity.js";
import { testVectors } from "../support/vector-tests.js";

// Of blinding.json, the checks of plain Ed25519 signatures belong to the crypto room.
testVectors(["identity", "blinding", "ons"], identityOps, { except: ["ed25519.verify"] });
