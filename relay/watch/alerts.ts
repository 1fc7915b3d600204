/**
 * The state of each alert: since when it is open, and what each channel has been told. It is said once, again if it gets worse or
 * after a day, and when it is over. A channel that fails is told later.
 */
import type { Findings } from "./conditions.ts";

/** webhook: ALERT_WEBHOOK. message: private messages to the admins. */
export type Channel = "log" | "webhook" | "message";

interface Told {
  /** Unix seconds. */
  at: number;
  severity: number;
  /** It has been told that the alert is over. */
  isOver?: true;
}

interface Alert {
  /** Unix seconds. */
  since: number;
  message: string;
  todo: string;
  severity: number;
  patience: number;
  /** Since when the condition is gone, in Unix seconds. */
  goneSince?: number;
  told: Partial<Record<Channel, Told>>;
}

/** It outlives deployments. */
export interface AlertState {
  version: 1;
  /** By the id of the condition. */
  alerts: Record<string, Alert>;
}

export type NewsKind = "begun" | "worse" | "still" | "over";

export interface News {
  id: string;
  kind: NewsKind;
  message: string;
  todo: string;
  /** Unix seconds. */
  since: number;
}

const REMINDER_SECONDS = 86_400;
/** What comes and goes is one alert. */
const OVER_SECONDS = 1800;
/** A channel that cannot be told for so long is not told that something is over. */
const FORGET_SECONDS = 7 * 86_400;

/** Reads a stored state. That of an unknown version is dropped: open alerts are said again. */
export function readAlertState(stored: unknown): AlertState {
  const state = stored as Partial<AlertState> | undefined;
  return state?.version === 1 && state.alerts
    ? { version: 1, alerts: state.alerts }
    : { version: 1, alerts: {} };
}

/** Returns the state after a look at the conditions. `now` is in Unix seconds. */
export function afterLook(state: AlertState, { conditions, isKnown }: Findings, now: number): AlertState {
  const alerts: AlertState["alerts"] = {};
  for (const [id, alert] of Object.entries(state.alerts))
    alerts[id] = isKnown(id) ? { ...alert, goneSince: alert.goneSince ?? now } : alert;
  for (const { id, message, todo, severity = 0, patience = 0 } of conditions) {
    const { since = now, told = {} } = state.alerts[id] ?? {};
    alerts[id] = { since, message, todo, severity, patience, told };
  }
  return { version: 1, alerts };
}

/** Returns what a channel should be told now. */
export function newsFor(channel: Channel, { alerts }: AlertState, now: number): News[] {
  return Object.entries(alerts).flatMap(([id, alert]) => {
    const kind = kindOf(alert, alert.told[channel], now);
    const { message, todo, since } = alert;
    return kind ? [{ id, kind, message, todo, since }] : [];
  });
}

function kindOf(alert: Alert, told: Told | undefined, now: number): NewsKind | undefined {
  if (isOver(alert, now)) return told && !told.isOver ? "over" : undefined;
  if (alert.goneSince !== undefined || now - alert.since < alert.patience) return undefined;
  if (!told || told.isOver) return "begun";
  if (alert.severity > told.severity) return "worse";
  return now - told.at >= REMINDER_SECONDS ? "still" : undefined;
}

/** Returns the state after a channel was told these news. */
export function afterTelling(
  state: AlertState,
  channel: Channel,
  news: readonly News[],
  now: number,
): AlertState {
  const alerts = { ...state.alerts };
  for (const { id, kind } of news) {
    const alert = alerts[id];
    if (!alert) continue;
    const told: Told = { at: now, severity: alert.severity, ...(kind === "over" && { isOver: true }) };
    alerts[id] = { ...alert, told: { ...alert.told, [channel]: told } };
  }
  return { version: 1, alerts };
}

/** Returns the state without alerts that are over, and of which every channel knows. */
export function withoutPast({ alerts }: AlertState, channels: readonly Channel[], now: number): AlertState {
  const left = Object.entries(alerts).filter(([, alert]) => {
    if (!isOver(alert, now)) return true;
    const isUntold = channels.some((channel) => alert.told[channel] && !alert.told[channel].isOver);
    return isUntold && now - (alert.goneSince ?? now) < FORGET_SECONDS;
  });
  return { version: 1, alerts: Object.fromEntries(left) };
}

function isOver({ goneSince }: Alert, now: number): boolean {
  return goneSince !== undefined && now - goneSince >= OVER_SECONDS;
}
