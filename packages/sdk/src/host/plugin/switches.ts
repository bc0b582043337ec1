import type { OpenVSwitch } from '../../linux/ovs/ovs.ts';
import type { Structural } from '../../structural.ts';

/** The Open vSwitches that a plugin opened. */
export class Switches {
  readonly #all = new Set<Pick<OpenVSwitch, 'running' | 'stop'>>();

  add(opened: Structural<OpenVSwitch>): Structural<OpenVSwitch> {
    this.#all.add(opened);
    return opened;
  }

  /** Stops those that still run. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#all].filter(({ running }) => running).map((each) => each.stop()));
  }
}
