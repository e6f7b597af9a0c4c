import type { Options } from "tsup";

// One output file per module: stack traces and bundlers see the same files a reader sees.
// Declarations come from `tsc` (tsconfig.build.json), which writes them beside the JavaScript.
const options: Options = {
  entry: ["src/**/*.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  bundle: false,
  sourcemap: true,
  clean: false,
  dts: false,
  silent: true,
};

export default options;
