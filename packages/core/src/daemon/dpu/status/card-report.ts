/** What a DataProcessingUnit's status says of the card, and what has changed of it. Pure. */
import { omitUndefined } from '@dpu-operator/sdk/wire';
import { type CardReport, type Condition, findCondition, setCondition } from '../../../api/index.ts';
import type { Presence } from '../../presence.ts';
import type { SaidOfCard } from '../vsp/vsp-card.ts';

/** @param before what the object says, which stays while the VSP has said nothing */
export function cardReport(
  said: Presence<SaidOfCard> | undefined,
  before: CardReport | undefined,
): CardReport | undefined {
  if (!said || said.is === 'unknown') return before;
  if (said.is === 'gone') return undefined;
  const { firmwareVersion, links = [], conditions } = said.value;
  const timed = conditions.flatMap((one) => findCondition(setCondition(before?.conditions, one), one.type) ?? []);
  const report: CardReport = omitUndefined({
    firmwareVersion,
    conditions: timed.length > 0 ? timed : undefined,
    links: links.length > 0 ? links.map(omitUndefined) : undefined,
  });
  return Object.keys(report).length > 0 ? report : undefined;
}

/** Conditions whose status or reason has changed. */
export function transitions(before: readonly Condition[] = [], after: readonly Condition[] = []): readonly Condition[] {
  return after.filter((now) => {
    const then = findCondition(before, now.type);
    return then?.status !== now.status || then.reason !== now.reason;
  });
}
