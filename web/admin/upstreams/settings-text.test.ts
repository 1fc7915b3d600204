import { expect, it } from "vitest";
import { NEW_SETTINGS, parseSettingsText, settingsText } from "./settings-text.ts";

it("settings are written and read again", () => {
  const settings = {
    filters: [{ kinds: [1] }, {}],
    direction: "both" as const,
    live: true,
    interval: 600,
    history: 7 * 86_400,
    rate: 30,
  };
  expect(settingsText(settings)).toMatchObject({ interval: "600", history: "7", rate: "30", live: true });
  expect(parseSettingsText(settingsText(settings))).toEqual({ ok: true, settings });
});

it("what is empty restores the default", () => {
  expect(parseSettingsText(NEW_SETTINGS)).toEqual({
    ok: true,
    settings: { filters: [{}], direction: "in", live: false, interval: null, history: null, rate: null },
  });
  expect(parseSettingsText({ ...NEW_SETTINGS, history: "all" })).toMatchObject({
    settings: { history: "all" },
  });
});

it("each field says what is wrong with it", () => {
  const filters = [
    { kinds: "1", authors: "", tags: "" },
    { kinds: "x", authors: "", tags: "" },
  ];
  const parsed = parseSettingsText({
    ...NEW_SETTINGS,
    filters,
    interval: "1.5",
    history: "long",
    rate: "-1",
  });
  expect(parsed.ok ? [] : Object.keys(parsed.problems).toSorted()).toEqual([
    "filters.1.kinds",
    "history",
    "interval",
    "rate",
  ]);
});
