/**
 * The files of the pages for `npm start`, as a Worker of their own. Miniflare puts a router in JavaScript before a Worker with
 * static assets, which each request and each connection would pass.
 */

const NAME = "tributary-assets";
const CODE = "export default { fetch: (request, { ASSETS }) => ASSETS.fetch(request) }";

interface AssetOptions {
  assets: { routerConfig: { static_routing: { asset_worker: string[] } } };
}

/** Returns the relay's options without its files, and the Worker that has them. */
export function splitAssets(relay: object): [relay: object, files: object] {
  const { assets, ...rest } = relay as AssetOptions;
  // A route is compared with the query too, so each ends with a wildcard.
  const files = {
    name: NAME,
    compatibilityDate: "2026-10-01",
    modules: [{ type: "ESModule", path: "main.js", contents: CODE }],
    assets: { ...assets, binding: "ASSETS" },
    routes: assets.routerConfig.static_routing.asset_worker.map((path) => `*${path.replace(/\*?$/, "*")}`),
  };
  return [rest, files];
}
