/**
 * Pairs of ADD and DEL side by side, each with a device and a pod of its own: none is lost, and none hits another's.
 * `ATTACH_PAIRS=3000 ATTACH_PARALLEL=64` makes it a long test.
 */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AttachFixture, type CniParameters, type Daemon } from './fixture.ts';

const pairs = Number(process.env.ATTACH_PAIRS ?? 64);
const parallel = Number(process.env.ATTACH_PARALLEL ?? 16);

const fixture = new AttachFixture('ap');
const namespaces: string[] = [];
let daemon: Daemon;

beforeAll(async () => {
  await fixture.addDevices(parallel);
  for (let index = 0; index < parallel; index += 1) namespaces.push(await fixture.addNamespace(`${index}`));
  daemon = await fixture.start();
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await fixture.close();
});

const ipam = fixture.hostLocal;

/** One lane uses its device again and again. */
async function runLane(lane: number): Promise<void> {
  const netns = namespaces[lane] ?? '';
  for (let pair = lane; pair < pairs; pair += parallel) {
    const call: Partial<CniParameters> = {
      netns,
      container: `pod${pair}`,
      config: { deviceID: fixture.devices[lane], ipam },
    };
    const { exitCode, output } = await fixture.cni('ADD', call);
    expect(exitCode, JSON.stringify(output)).toBe(0);
    const addresses = output.ips.map((ip: { address: string }) => ({ address: ip.address.split('/')[0] }));
    const link = await fixture.linkIn(netns, 'net1');
    expect({ ...link, addresses: link?.addresses.filter(({ family }) => family === 'inet') }).toMatchObject({
      up: true,
      addresses,
    });
    expect(await fixture.cni('DEL', call)).toMatchObject({ exitCode: 0 });
  }
}

test('pairs of ADD and DEL at once lose nothing', { timeout: 180_000 + pairs * 2_000 }, async () => {
  await Promise.all(namespaces.map((_, lane) => runLane(lane)));
  expect(readdirSync(fixture.stateDirectory)).toEqual([]);
  expect(readdirSync(`${fixture.directory}/ipam/net`).filter((name) => name.startsWith('10.'))).toEqual([]);
  expect([...fixture.dataPath.ports.keys()]).toEqual([]);
  for (const [lane, device] of fixture.devices.entries()) {
    expect(await fixture.link(device)).toMatchObject({ up: false, addresses: [] });
    expect(await fixture.linkIn(namespaces[lane] ?? '', 'net1')).toBeUndefined();
  }
});
