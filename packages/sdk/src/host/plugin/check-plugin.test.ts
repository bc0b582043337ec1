import { expect, test } from 'vitest';
import { checkedPlugin } from './check-plugin.ts';

/** Methods of a class are as good as those of a literal. */
class Side {
  address = { ip: '192.0.2.2', port: 50_151 };
  dataPath = { serves: ['bridge'], apply: async () => undefined };
  async getDevices() {
    return [];
  }
  async setNumVfs(count: number) {
    return count;
  }
}

const check = (created: unknown) => checkedPlugin(created as never);

test('a plugin is taken as it is, also with limits of a newer host', () => {
  const side = Object.assign(new Side(), { limits: { maxVfs: 8, changeSeconds: 0.3, maxTunnels: 2 } });
  expect(check(side)).toBe(side);
});

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'must be an object: one side of a DPU'],
  ['no address', { ...new Side(), address: undefined }, 'address: must be { ip, port }'],
  ['a port that is none', Object.assign(new Side(), { address: { ip: 'a', port: 0 } }), 'address.port: '],
  ['no method', { ...new Side(), setNumVfs: async () => 0 }, 'getDevices: must be a function'],
  ['no apply', Object.assign(new Side(), { dataPath: { serves: [] } }), 'dataPath.apply: must be a function'],
  [
    'a kind that there is not',
    Object.assign(new Side(), { dataPath: { ...new Side().dataPath, serves: ['bridges'] } }),
    'dataPath.serves[0]: "bridges" is none of bridge, networkFunctions, chains',
  ],
  [
    'one kind twice',
    Object.assign(new Side(), { dataPath: { ...new Side().dataPath, serves: ['bridge', 'bridge'] } }),
    'dataPath.serves: has one of them twice',
  ],
  [
    'a limit that is none',
    Object.assign(new Side(), { limits: { maxVfs: '8' } }),
    'limits.maxVfs: must be a whole number',
  ],
  [
    'a limit below 0',
    Object.assign(new Side(), { limits: { maxChains: -1 } }),
    'limits.maxChains: must be a whole number',
  ],
  ['a word for no', Object.assign(new Side(), { limits: { trunk: 'no' } }), 'limits.trunk: must be true or false'],
  ['a value for a method', Object.assign(new Side(), { healthy: true }), 'healthy: must be a function'],
])('%s is told as what it is', (_, created, message) => {
  expect(() => check(created)).toThrow(`what the plugin's create returned is wrong: ${message}`);
});
