/**
 * The regions of hubs. A connection goes to a hub of its continent, which Cloudflare creates there. Hints for Africa and South
 * America are accepted too; the object is then created in a region nearby.
 * https://developers.cloudflare.com/durable-objects/reference/data-location/
 */

export const REGIONS = { AF: "afr", AS: "apac", EU: "weur", NA: "enam", OC: "oc", SA: "sam" } as const;

export type Region = (typeof REGIONS)[keyof typeof REGIONS];

/** Returns the region of a continent, as Cloudflare writes it. Undefined for none, an unknown one and Antarctica. */
export function regionOf(continent: unknown): Region | undefined {
  return typeof continent === "string" && Object.hasOwn(REGIONS, continent)
    ? REGIONS[continent as keyof typeof REGIONS]
    : undefined;
}

/** Without a region, the name is that of a hub of earlier versions. */
export function hubName(region: Region | undefined, hub: number): string {
  return region === undefined ? `hub-${hub}` : `hub-${region}-${hub}`;
}

/** Returns the region that a hub's name has. */
export function regionInName(name: string): Region | undefined {
  const region = /^hub-([a-z]+)-\d+$/.exec(name)?.[1];
  return Object.values(REGIONS).find((each) => each === region);
}
