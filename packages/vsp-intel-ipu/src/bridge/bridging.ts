/** How interfaces of the ACC are bridged, by which means ever. */
import type { DpuError } from '@dpu-operator/sdk';
import type { Placements } from '../placement.ts';

export interface Bridging {
  /**
   * Bridges the interfaces of what is placed, and no other of ours.
   *
   * @returns interfaces that could not be bridged, by name, and why; the others are
   * @throws DpuError where none could be
   */
  apply(placements: Placements): Promise<ReadonlyMap<string, DpuError>>;
  /** The plugin ends. What it bridged goes on forwarding, as far as that outlives it. */
  close(): Promise<void>;
}
