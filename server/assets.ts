/** The files of the pages, which Workers serve as static assets (wrangler.toml). */
import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { PageFiles } from "./start-server.ts";

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".txt": "text/plain; charset=utf-8",
};

interface Asset {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
}

/** Returns what answers a request for one of these files; it returns undefined if there is no such file. */
export function serveAssets(files: PageFiles): (request: Request) => Response | undefined {
  const assets = assetsOf(files);
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const { pathname } = new URL(request.url);
    const asset = assets.get(pathname);
    if (!asset) return undefined;
    const headers = {
      "content-type": asset.type,
      etag: asset.etag,
      "x-content-type-options": "nosniff",
      // The name of a common file has its hash.
      "cache-control": pathname.startsWith("/assets/chunk-")
        ? "public, max-age=31536000, immutable"
        : "public, max-age=0, must-revalidate",
    };
    if (request.headers.get("if-none-match") === asset.etag)
      return new Response(null, { status: 304, headers });
    return new Response(request.method === "HEAD" ? null : asset.bytes, { headers });
  };
}

function assetsOf(files: PageFiles): Map<string, Asset> {
  return new Map(
    [...files].flatMap(([path, bytes]): [string, Asset][] => {
      const type = TYPES[extname(path)];
      // _headers is for Cloudflare.
      if (type === undefined) return [];
      const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
      return [[path, { bytes, type, etag }]];
    }),
  );
}
