/** What the tests of attaching check of a node. Apart from the fixture, which the benchmark has without vitest. */
import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import type { AttachFixture, Daemon } from './fixture.ts';

/** A device as it was before a pod had it. */
export const atHome = (vf: number) => ({ up: false, mtu: 1500, mac: `02:aa:00:00:00:0${vf}`, addresses: [] });

/** Neither at the daemon and the DPU, nor on disk, and all devices are back. @param daemon where it is in this process */
export async function expectNothingLeft(fixture: AttachFixture, daemon?: Daemon): Promise<void> {
  if (daemon) expect(daemon.store.list()).toEqual([]);
  expect(readdirSync(fixture.stateDirectory)).toEqual([]);
  expect([...fixture.dataPath.ports.keys()]).toEqual([]);
  expect(fixture.dataPath.functions).toEqual([]);
  expect(leasesIn(fixture)).toEqual([]);
  for (const [vf, device] of fixture.devices.entries()) expect(await fixture.link(device)).toMatchObject(atHome(vf));
}

/** Addresses of {@link AttachFixture.hostLocal} that somebody has. */
function leasesIn({ ipamDirectory }: AttachFixture): string[] {
  const leases = `${ipamDirectory}/net`;
  return existsSync(leases) ? readdirSync(leases).filter((name) => /^(10\.|fd)/.test(name)) : [];
}
