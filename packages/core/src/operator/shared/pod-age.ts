import type { Pod } from '../../kube/index.ts';

/** By the API server's clock and this one; never negative, so that clocks apart hold nothing up for long. */
export function ageMs({ metadata }: Pod): number {
  return Math.max(0, Date.now() - Date.parse(metadata.creationTimestamp ?? ''));
}
