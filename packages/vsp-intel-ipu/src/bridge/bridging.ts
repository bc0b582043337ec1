/** How interfaces of the ACC are bridged, by which means ever. */
import type { Placements } from '../placement.ts';

export interface Bridging {
  /** Bridges the interfaces of what is placed, and no other of ours. */
  apply(placements: Placements): Promise<void>;
  /** The plugin ends. What it bridged goes on forwarding, as far as that outlives it. */
  close(): Promise<void>;
}
