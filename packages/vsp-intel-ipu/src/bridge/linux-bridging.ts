/** Linux bridges of the ACC. They stay when the plugin ends, and go on forwarding. */
import type { Platform } from '@dpu-operator/sdk';
import type { Placements } from '../placement.ts';
import type { Bridging } from './bridging.ts';
import { layOut } from './layout.ts';
import { planLinuxBridges } from './linux-plan.ts';

export interface LinuxBridgingOptions {
  links: Platform['links'];
  /** Interface that leads outside. */
  uplink: string;
  /** Interfaces that nobody else bridges, the uplink among them. */
  ours: ReadonlySet<string>;
}

export class LinuxBridging implements Bridging {
  readonly #options: LinuxBridgingOptions;

  constructor(options: LinuxBridgingOptions) {
    this.#options = options;
  }

  async apply(placements: Placements): Promise<void> {
    const { links, uplink, ours } = this.#options;
    await links.batch(planLinuxBridges(layOut(placements, uplink), await links.list(), ours));
  }

  async close(): Promise<void> {}
}
