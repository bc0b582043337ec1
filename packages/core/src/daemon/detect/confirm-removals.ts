/** A card that was pulled out stays away; one whose firmware or driver starts anew comes back. Pure. */
import { gone } from '../presence.ts';
import type { DpuFinding } from './find-dpus.ts';

/** Milliseconds that PCI functions must stay away. Longer than a reset of a card's firmware takes to bring them back. */
export const confirmationMs = 60_000;

export interface Confirmed {
  findings: DpuFinding[];
  /** By name: since when a DPU has been unplugged (milliseconds). */
  since: Map<string, number>;
  /** Milliseconds until the next one can be certain. */
  dueInMs?: number;
}

export function confirmRemovals(
  found: readonly DpuFinding[],
  before: ReadonlyMap<string, number>,
  now: number,
): Confirmed {
  const unplugged = found.filter((finding) => finding.unplugged).map(({ dpu }) => dpu.name);
  const since = new Map(unplugged.map((name) => [name, before.get(name) ?? now]));
  const left = (name: string) => (since.get(name) ?? now) + confirmationMs - now;
  const waits = unplugged.map(left).filter((ms) => ms > 0);
  return {
    findings: found.map((finding) =>
      finding.unplugged && left(finding.dpu.name) <= 0 ? { ...finding, presence: gone } : finding,
    ),
    since,
    ...(waits.length > 0 && { dueInMs: Math.min(...waits) }),
  };
}
