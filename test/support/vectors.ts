import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Json } from "../runners/op.js";

/** The parsed contents of `test/vectors/<name>.json.gz`. */
export function readVectors(name: string): Json {
  return JSON.parse(readVectorText(name));
}

/** The text of `test/vectors/<name>.json.gz`, for files with integers above 2^53. */
export function readVectorText(name: string): string {
  return gunzipSync(readFileSync(new URL(`../vectors/${name}.json.gz`, import.meta.url))).toString("utf8");
}
