/** What the card's side says of its switch and its way outside. */
import type { PluginContext } from '@dpu-operator/sdk';
import type { CardPorts } from './card-ports.ts';

export class CardStatus {
  readonly #context: Pick<PluginContext<unknown>, 'status' | 'platform' | 'logger'>;
  readonly #ports: CardPorts;
  /** When the switch went, in milliseconds since 1970; undefined while it works. */
  #lostAt: number | undefined;

  constructor(context: Pick<PluginContext<unknown>, 'status' | 'platform' | 'logger'>, ports: CardPorts) {
    this.#context = context;
    this.#ports = ports;
  }

  switchLost(reason: string): void {
    const { status, platform, logger } = this.#context;
    logger.error({ reason }, 'open vswitch is gone');
    this.#lostAt ??= platform.clock.now();
    const message = `Open vSwitch: ${reason}; nothing passes until it is back`;
    status.set({ type: 'Healthy', status: 'False', reason: 'SwitchLost', message });
  }

  /** Once ports and flows are made: how the switch and the uplink are. */
  async look(switchWorks: boolean): Promise<void> {
    const { status, platform } = this.#context;
    if (switchWorks) {
      if (this.#lostAt !== undefined) {
        const took = platform.clock.now() - this.#lostAt;
        this.#lostAt = undefined;
        const message = `Open vSwitch is back; ports and flows were made again ${took} ms after it went`;
        status.event({ reason: 'SwitchReturned', message });
      }
      status.set({ type: 'Healthy', status: 'True', reason: 'SwitchWorks', message: 'Open vSwitch works' });
    }
    await this.#tellUplink();
  }

  async #tellUplink(): Promise<void> {
    const { status, platform } = this.#context;
    const uplink = await this.#ports.uplink();
    if (uplink === undefined) {
      const message = 'no port of the card (177d:a063) has a network device: nothing leads outside';
      status.set({ type: 'Uplink', status: 'False', reason: 'NoNetworkDevice', message });
      return;
    }
    if (uplink.dpdkDevargs !== undefined) {
      status.clear('Uplink');
      return;
    }
    const isUp = (await platform.links.find(uplink.name))?.running ?? false;
    status.link({ name: uplink.name, up: isUp });
    const message = isUp ? `${uplink.name} has a carrier` : `${uplink.name} has no carrier: check the cable`;
    status.set({ type: 'Uplink', status: isUp ? 'True' : 'False', reason: isUp ? 'Carrier' : 'NoCarrier', message });
  }
}
