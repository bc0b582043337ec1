/** What a card's side says of its switch and of its way outside: the conditions `Healthy` and `Uplink`. */
import type { PluginContext } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { SwitchDataPath, SwitchPort, SwitchPorts, UplinkFault } from './switch-data-path.ts';

/** Whom it tells, and of which uplink. */
export interface SwitchStatusOptions {
  context: Pick<PluginContext<unknown>, 'status' | 'platform' | 'logger'>;
  ports: Pick<SwitchPorts, 'uplink'>;
  /** What is missing where nothing leads outside, and what to do. */
  noUplink: string;
}

/** Says in the status of the DPU whether the switch works and an uplink is there. */
export class SwitchStatus {
  readonly #options: SwitchStatusOptions;
  /** When the switch went, in milliseconds since 1970; undefined while it works. */
  #lostAt: number | undefined;

  constructor(options: SwitchStatusOptions) {
    this.#options = options;
  }

  /** The switch went without being told to. */
  lost(why: string): void {
    const { status, platform, logger } = this.#options.context;
    logger.error({ reason: why }, 'open vswitch is gone');
    this.#lostAt ??= platform.clock.now();
    const message = `Open vSwitch: ${why}; nothing passes until it is back`;
    status.set({ type: 'Healthy', status: 'False', reason: 'SwitchLost', message });
  }

  /** The switch could not be made to match what is wanted; it is tried again. A switch that is gone says so itself. */
  notRepaired(error: unknown): void {
    if (this.#lostAt !== undefined) return;
    const message = `ports and flows could not be made right, trying again: ${DpuError.from(error).message}`;
    this.#options.context.status.set({ type: 'Healthy', status: 'False', reason: 'NotRepaired', message });
  }

  /** Ports and flows were made right, or there is no switch to make them on. */
  async report(dataPath: Pick<SwitchDataPath, 'healthy' | 'uplinkFault'>): Promise<void> {
    const { status, platform } = this.#options.context;
    if (dataPath.healthy) {
      if (this.#lostAt !== undefined) {
        const took = platform.clock.now() - this.#lostAt;
        this.#lostAt = undefined;
        const message = `Open vSwitch is back; ports and flows were made again ${took} ms after it went`;
        status.event({ reason: 'SwitchReturned', message });
      }
      status.set({ type: 'Healthy', status: 'True', reason: 'SwitchWorks', message: 'Open vSwitch works' });
    }
    await this.#reportUplink(await this.#options.ports.uplink(), dataPath.uplinkFault);
  }

  async #reportUplink(uplink: SwitchPort | undefined, fault: UplinkFault | undefined): Promise<void> {
    const { context, noUplink } = this.#options;
    const { status, platform } = context;
    if (uplink === undefined) {
      const message = `${noUplink}: nothing leads outside`;
      status.set({ type: 'Uplink', status: 'False', reason: 'NoNetworkDevice', message });
      return;
    }
    if (fault !== undefined) {
      status.set({ type: 'Uplink', status: 'False', ...fault });
      return;
    }
    if (uplink.dpdkDevargs !== undefined) {
      status.clear('Uplink');
      return;
    }
    const up = (await platform.links.find(uplink.name))?.running ?? false;
    status.link({ name: uplink.name, up });
    const message = up ? `${uplink.name} has a carrier` : `${uplink.name} has no carrier: check cable and module`;
    status.set({ type: 'Uplink', status: up ? 'True' : 'False', reason: up ? 'Carrier' : 'NoCarrier', message });
  }
}
