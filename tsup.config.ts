import { defineConfig } from "tsup";

// One output file per module: stack traces and bundlers see the same files a reader sees.
// Declarations come from `tsc` (tsconfig.build.json), which writes them beside the JavaScript.
export default defineConfig({
  entry: ["src/**/*.ts", "src/**/*.js"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  bundle: false,
  sourcemap: true,
  clean: false,
  dts: false,
  silent: true,
});
