import { Gauge, type Registry } from 'prom-client';
import type { StatusBoard } from '../status/status-board.ts';

/** What a plugin says of its card, read when it is asked for. */
export function addCardMetrics(registry: Registry, board: StatusBoard): void {
  const registers = [registry];
  new Gauge({
    name: 'dpu_vsp_card_firmware_info',
    help: 'Always 1; the label names the version of the firmware.',
    labelNames: ['version'],
    registers,
    collect() {
      this.reset();
      const { firmwareVersion } = board.now;
      if (firmwareVersion !== undefined) this.set({ version: firmwareVersion }, 1);
    },
  });
  new Gauge({
    name: 'dpu_vsp_card_condition',
    help: 'Conditions that the plugin says: 1 where it is True, 0 where it is False, -1 where it is Unknown.',
    labelNames: ['type'],
    registers,
    collect() {
      this.reset();
      for (const { type, status } of board.now.conditions) this.set({ type }, valueOfStatus[status]);
    },
  });
  new Gauge({
    name: 'dpu_vsp_card_link_up',
    help: 'Whether a port of the card has a link.',
    labelNames: ['link'],
    registers,
    collect() {
      this.reset();
      for (const { name, up } of board.now.links) this.set({ link: name }, up ? 1 : 0);
    },
  });
  new Gauge({
    name: 'dpu_vsp_card_temperature_celsius',
    help: 'Temperatures of the card.',
    labelNames: ['sensor'],
    registers,
    collect() {
      this.reset();
      for (const [sensor, celsius] of board.temperatures) this.set({ sensor }, celsius);
    },
  });
}

const valueOfStatus = { True: 1, False: 0, Unknown: -1 } as const;
