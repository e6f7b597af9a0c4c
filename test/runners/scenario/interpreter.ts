import { isSessionError } from "session-messenger-sdk/errors";
import type { Json, OpContext } from "../op.js";

/** What the steps of one scenario share. */
export interface World extends OpContext {
  /** Unix milliseconds; steps move it. */
  now: number;
  /** The named objects of the scenario, of whatever type the steps make. */
  readonly objects: Map<string, unknown>;
}

/**
 * Computes the result of one step with the library's public functions.
 *
 * @param expected - the recorded result, for members that are not compared (README §5)
 */
export type Step = (step: Json, world: World, expected: Json) => Json;

/** A set of steps; others can be added to it. */
export interface ScenarioPart {
  readonly steps: Readonly<Record<string, Step>>;
}

/** Runs all steps; a step that fails with a `SessionError` does not stop the others. */
export function runScenario(parts: readonly ScenarioPart[], input: Json, context: OpContext): Json {
  const steps = Object.assign({}, ...parts.map((part) => part.steps)) as Record<string, Step>;
  const world: World = { ...context, now: input.now_ms, objects: new Map() };
  const results = input.steps.map((step: Json, index: number) => {
    try {
      return (steps[step.op] as Step)(step, world, context.expected.results[index]);
    } catch (error) {
      if (isSessionError(error)) return { error: true };
      throw error;
    }
  });
  return { results };
}
