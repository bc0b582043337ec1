/**
 * The packet processor of an Intel IPU without the card: links in one network namespace, each the card's end of a VSI or of
 * the physical port. What the entries of a P4Runtime server make one port's representor is joined with that port as by a
 * wire.
 */
import { type P4RuntimeServer, wiresOf } from '@dpu-operator/vsp-intel-ipu/testing';

/** VSI of the host's first virtual function; those of the ACC's interfaces are below. */
export const firstVfVsi = 0x40;

/** What {@link wiresOf} calls the physical port, and the link is called. */
export const physicalPort = 'port0';

/** The card's end of an interface of the ACC. */
export const interfaceEnd = (index: number): string => `a${index}`;

/** The card's end of a virtual function of the host. */
export const vfEnd = (vf: number): string => `v${vf}`;

export class Fxp {
  readonly #ip: (commands: string[]) => Promise<unknown>;
  #wires: ReadonlySet<string> = new Set();
  #turn: Promise<void> = Promise.resolve();

  /** @param ip runs commands of `ip -batch` in the namespace */
  constructor(ip: (commands: string[]) => Promise<unknown>) {
    this.#ip = ip;
  }

  /** Does what the entries say; failures are told by {@link settled}. */
  follow(server: P4RuntimeServer): void {
    server.watch(() => {
      this.#turn = this.#turn.then(() => this.#join(new Set(wiresOf(server.entries).map((ends) => ends.join('-')))));
      this.#turn.catch(() => {});
    });
  }

  /** @throws Error where links could not be joined */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async #join(wires: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#wires].filter((wire) => !wires.has(wire));
    const come = [...wires].filter((wire) => !this.#wires.has(wire));
    if (gone.length === 0 && come.length === 0) return;
    await this.#ip([
      ...gone.map((wire) => `link del w${wire}`),
      ...come.flatMap((wire) => [
        `link add w${wire} type bridge`,
        `link set w${wire} up`,
        ...wire.split('-').map((end) => `link set ${linkOf(end)} master w${wire}`),
        ...wire.split('-').map((end) => `link set ${linkOf(end)} type bridge_slave learning off`),
      ]),
    ]);
    this.#wires = wires;
  }
}

/** @param end VSI, or `port0` */
function linkOf(end: string): string {
  if (end === physicalPort) return end;
  const vsi = Number(end);
  return vsi < firstVfVsi ? interfaceEnd(vsi - 1) : vfEnd(vsi - firstVfVsi);
}
