/** Linux bridges of the ACC. They stay when the plugin ends, and go on forwarding. */
import type { Platform } from '@dpu-operator/sdk';
import type { Bridging } from './bridging.ts';
import type { BridgedPort } from './layout.ts';
import { planLinuxBridges } from './linux-plan.ts';

export class LinuxBridging implements Bridging {
  readonly #links: Platform['links'];
  readonly #ours: ReadonlySet<string>;

  /** @param ours interfaces that nobody else bridges */
  constructor(links: Platform['links'], ours: ReadonlySet<string>) {
    this.#links = links;
    this.#ours = ours;
  }

  async apply(ports: readonly BridgedPort[]): Promise<void> {
    await this.#links.batch(planLinuxBridges(ports, await this.#links.list(), this.#ours));
  }

  async close(): Promise<void> {}
}
