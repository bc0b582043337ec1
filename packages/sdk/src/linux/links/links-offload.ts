/** Offloads of a link, by ethtool. */
import type { Exec } from '../exec.ts';

/** ethtool's short names: transmit and receive checksums, receive aggregation. */
export type Offload = 'tx' | 'rx' | 'gro';

const longNames: Record<Offload, string> = {
  tx: 'tx-checksumming',
  rx: 'rx-checksumming',
  gro: 'generic-receive-offload',
};

/** Which of them are on. */
export async function activeOffloads(exec: Exec, link: string, offloads: readonly Offload[]): Promise<Offload[]> {
  const { stdout } = await exec('ethtool', ['-k', link]);
  return offloads.filter((offload) => new RegExp(`^${longNames[offload]}: on`, 'm').test(stdout));
}

export async function setOffloads(
  exec: Exec,
  link: string,
  offloads: readonly Offload[],
  state: 'on' | 'off',
): Promise<void> {
  if (offloads.length > 0) await exec('ethtool', ['-K', link, ...offloads.flatMap((offload) => [offload, state])]);
}
