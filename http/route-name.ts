/** Returns the name of a path's route. It does not contain what was asked for. */
import { type RouteLabel, ROUTES } from "../telemetry/labels.ts";

/** Routes whose last part is what is asked for. */
const PATTERNS: [RegExp, RouteLabel][] = [
  [/^\/api\/v1\/events\/[^/]+$/, "/api/v1/events/{id}"],
  [/^\/e\/[^/]+$/, "/e/{id}"],
  [/^\/p\/[^/]+$/, "/p/{key}"],
];

export function routeName(path: string): RouteLabel {
  return (
    ROUTES.find((route) => route === path) ?? PATTERNS.find(([pattern]) => pattern.test(path))?.[1] ?? "other"
  );
}
