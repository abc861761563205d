import type { AppSpec } from "./app";
import type { LocalApp } from "./local-apps";
import { filledIn, type Facts } from "./filled-in";
import { mainOf } from "./wanted";

/** How to start the app behind a host that is not Google's. */
export function hostApp(
  root: string,
  host: string,
  { app, environment = {} }: LocalApp,
  facts: Facts,
): AppSpec {
  const label = `host ${host}`;
  return { label, ...mainOf(label, root, app, []), environment: filledIn(environment, facts, host) };
}
