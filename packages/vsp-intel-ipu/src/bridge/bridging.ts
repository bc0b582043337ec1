/** How interfaces of the ACC are bridged, by which means ever. */
import type { DpuError } from '@dpu-operator/sdk';
import type { Closed } from '@dpu-operator/sdk/linux';
import type { Placements } from '../interfaces/placement.ts';

export interface Bridging {
  /**
   * Bridges the interfaces of what is placed, and no other of ours.
   *
   * @param closed Where hosts and uplink stay apart although no function leads from one to the other.
   * @returns interfaces that could not be bridged, by name, and why; the others are
   * @throws DpuError where none could be
   */
  apply(placements: Placements, closed: Closed): Promise<ReadonlyMap<string, DpuError>>;
  /** A bridge of ours was deleted: what there is is not known any more. */
  forget(): void;
  /** The plugin ends. What it bridged goes on forwarding, as far as that outlives it. */
  close(): Promise<void>;
}
