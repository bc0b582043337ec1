/** Offloads of a link, by ethtool. */
import type { Exec } from './exec.ts';

/** ethtool's short names: transmit and receive checksums, receive aggregation. */
export type Offload = 'tx' | 'rx' | 'gro';

const longNames: Record<Offload, string> = {
  tx: 'tx-checksumming',
  rx: 'rx-checksumming',
  gro: 'generic-receive-offload',
};

/**
 * Switches offloads of a link off. A userspace switch reads frames as they are: a sender that leaves checksums to the
 * hardware (`tx`), and a port that joins received frames to one longer than its MTU (`gro`), break TCP. The setting
 * goes with the link into another namespace.
 *
 * @throws DpuError NOT_FOUND without ethtool, INTERNAL where the link refuses
 */
export async function disableOffloads(exec: Exec, link: string, offloads: readonly Offload[]): Promise<void> {
  await setOffloads(exec, link, offloads, 'off');
}

/** Switches them on again. */
export async function enableOffloads(exec: Exec, link: string, offloads: readonly Offload[]): Promise<void> {
  await setOffloads(exec, link, offloads, 'on');
}

/** Which of them are on. */
export async function activeOffloads(exec: Exec, link: string, offloads: readonly Offload[]): Promise<Offload[]> {
  const { stdout } = await exec('ethtool', ['-k', link]);
  return offloads.filter((offload) => new RegExp(`^${longNames[offload]}: on`, 'm').test(stdout));
}

async function setOffloads(exec: Exec, link: string, offloads: readonly Offload[], state: 'on' | 'off'): Promise<void> {
  if (offloads.length > 0) await exec('ethtool', ['-K', link, ...offloads.flatMap((offload) => [offload, state])]);
}
