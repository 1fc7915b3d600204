import { expect, it } from "vitest";
import { hubName, regionInName, regionOf } from "./regions.ts";

it.each([
  ["AF", "hub-afr-3", "afr"],
  ["AS", "hub-apac-3", "apac"],
  ["EU", "hub-weur-3", "weur"],
  ["NA", "hub-enam-3", "enam"],
  ["OC", "hub-oc-3", "oc"],
  ["SA", "hub-sam-3", "sam"],
  ["AN", "hub-3", undefined],
  ["toString", "hub-3", undefined],
  [undefined, "hub-3", undefined],
])("a client on the continent %s goes to %s", (continent, name, region) => {
  expect(regionOf(continent)).toBe(region);
  expect(hubName(regionOf(continent), 3)).toBe(name);
  expect(regionInName(name)).toBe(region);
});

it.each(["hub-mars-1", "a", "hub-weur-", "hub-weur-1-2"])("%s is not a name of a region's hub", (name) => {
  expect(regionInName(name)).toBeUndefined();
});
