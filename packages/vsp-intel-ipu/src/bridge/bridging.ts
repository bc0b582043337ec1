/** How interfaces of the ACC are bridged, by which means ever. */
import type { BridgedPort } from './layout.ts';

export interface Bridging {
  /** Bridges these interfaces, and no other of ours. */
  apply(ports: readonly BridgedPort[]): Promise<void>;
  close(): Promise<void>;
}
