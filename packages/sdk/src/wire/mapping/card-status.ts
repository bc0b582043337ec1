/** What a plugin says of its card: wire <-> contract. */
import {
  type CardCondition,
  type CardEvent,
  type CardLink,
  type CardStatus,
  type ConditionStatus,
  cardBounds,
  isPartName,
  isWord,
} from '../../contract/card-status.ts';
import { cutText } from '../../cut-text.ts';
import type { CardStatus__Output, CardStatus as WireCardStatus } from '../../generated/dpu_operator/v1/CardStatus.ts';

const wireStatus = {
  True: 'CONDITION_STATUS_TRUE',
  False: 'CONDITION_STATUS_FALSE',
  Unknown: 'CONDITION_STATUS_UNKNOWN',
} as const satisfies Record<ConditionStatus, string>;

export function cardStatusToWire({ firmwareVersion, conditions, links, events }: CardStatus): WireCardStatus {
  return {
    firmwareVersion: firmwareVersion ?? '',
    conditions: conditions.map((condition) => ({ ...condition, status: wireStatus[condition.status] })),
    links: links.map(({ name, up, speedMbps }) => ({ name, up, speedMbps: speedMbps ?? 0 })),
    events: events.map(({ type, reason, message }) => ({ warning: type === 'Warning', reason, message })),
  };
}

/** Whoever serves it may be anybody's: what goes beyond the bounds is left out, and texts are cut. */
export function cardStatusFromWire(status: CardStatus__Output): CardStatus {
  const { firmwareVersion } = status;
  return {
    firmwareVersion: firmwareVersion === '' ? undefined : cutText(firmwareVersion, cardBounds.firmwareBytes),
    conditions: unique(status.conditions.flatMap(conditionFromWire), ({ type }) => type, cardBounds.conditions),
    links: unique(status.links.flatMap(linkFromWire), ({ name }) => name, cardBounds.links),
    events: status.events.flatMap(eventFromWire).slice(0, cardBounds.events),
  };
}

function conditionFromWire({
  type,
  status,
  reason,
  message,
}: CardStatus__Output['conditions'][number]): CardCondition[] {
  const known = (Object.keys(wireStatus) as ConditionStatus[]).find((name) => wireStatus[name] === status);
  if (!known || !isWord(type) || !isWord(reason)) return [];
  return [{ type, status: known, reason, message: cutText(message, cardBounds.messageBytes) }];
}

function linkFromWire({ name, up, speedMbps }: CardStatus__Output['links'][number]): CardLink[] {
  if (!isPartName(name)) return [];
  return [{ name, up, speedMbps: speedMbps === 0 ? undefined : speedMbps }];
}

function eventFromWire({ warning, reason, message }: CardStatus__Output['events'][number]): CardEvent[] {
  if (!isWord(reason)) return [];
  return [{ type: warning ? 'Warning' : 'Normal', reason, message: cutText(message, cardBounds.messageBytes) }];
}

/** The first of each key, and no more than `most`. */
function unique<T>(all: readonly T[], keyOf: (one: T) => string, most: number): T[] {
  const byKey = new Map<string, T>();
  for (const one of all) {
    const key = keyOf(one);
    if (!byKey.has(key) && byKey.size < most) byKey.set(key, one);
  }
  return [...byKey.values()];
}
