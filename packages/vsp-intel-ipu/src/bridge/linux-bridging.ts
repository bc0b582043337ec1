/** Linux bridges of the ACC. They stay when the plugin ends, and go on forwarding. */
import { DpuError, type Platform } from '@dpu-operator/sdk';
import type { Closed } from '@dpu-operator/sdk/linux';
import type { Placements } from '../interfaces/placement.ts';
import type { Bridging } from './bridging.ts';
import { layOut } from './layout.ts';
import { interfaceOf, planLinuxBridges, takenPorts } from './linux-plan.ts';

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

  async apply(placements: Placements, closed: Closed): Promise<ReadonlyMap<string, DpuError>> {
    const { links, uplink, ours } = this.#options;
    const ports = layOut(placements, uplink, closed.all);
    const present = await links.list();
    const failed = new Map([...takenPorts(ports, present)].map(([device, bridge]) => [device, taken(device, bridge)]));
    const commands = planLinuxBridges(ports, present, ours);
    for (const { line, error } of await links.batch(commands, { force: true })) {
      const name = interfaceOf(commands[line] ?? '');
      if (!ours.has(name)) throw error;
      failed.set(name, error);
    }
    const uplinkError = failed.get(uplink);
    if (uplinkError) throw uplinkError;
    return failed;
  }

  /** All is looked at each time. */
  forget(): void {}

  async close(): Promise<void> {}
}

function taken(device: string, bridge: string): DpuError {
  return new DpuError(
    'FAILED_PRECONDITION',
    `${device} is a port of ${bridge}: take it off, or name another interface`,
  );
}
