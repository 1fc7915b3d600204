/** Returns the name of a path's route. It does not contain what was asked for. */
import { type RouteLabel, ROUTES } from "../telemetry/labels.ts";

export function routeName(path: string): RouteLabel {
  if (/^\/api\/v1\/events\/[^/]+$/.test(path) && path !== "/api/v1/events/count")
    return "/api/v1/events/{id}";
  return ROUTES.find((route) => route === path) ?? "other";
}
