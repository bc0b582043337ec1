import { expect, test } from 'vitest';
import { formatCall } from './format-call.ts';

const call = { target: 'vsp.sock', milliseconds: 1.26, code: 'OK' as const };
const device = (health: string) => ({ ID: 'x', health, topology: null });

test('a call by service, method, what was asked and answered', () => {
  const path = '/opi_api.network.evpn_gw.v1alpha1.BridgePortService/CreateBridgePort';
  const spec = { macAddress: Buffer.from('020000000001', 'hex'), ptype: 1, logicalBridges: ['2'] };
  const request = { bridgePortId: 'host0-0', bridgePort: { name: 'host0-0', spec, status: null } };
  expect(formatCall({ ...call, path, request, response: {} })).toEqual({
    method: 'BridgePort.CreateBridgePort',
    milliseconds: 1.3,
    code: 'OK',
    request:
      '{bridgePortId: host0-0, bridgePort: {name: host0-0, spec: {macAddress: 02:00:00:00:00:01, ptype: 1, logicalBridges: [2]…',
    answer: '{}',
  });
});

test('a failure by its message', () => {
  const failed = { ...call, code: 'NOT_FOUND' as const, path: '/Vendor.NetworkFunctionService/CreateNetworkFunction' };
  const request = { input: '02:00:00:00:00:01', output: '' };
  expect(formatCall({ ...failed, request, message: 'no such interface' })).toMatchObject({
    request: '{input: 02:00:00:00:00:01}',
    answer: 'no such interface',
  });
});

test('devices by number, names and health', () => {
  const path = '/dpu_operator.v1.DeviceWatchService/WatchDevices';
  const answer = (devices: object) => formatCall({ ...call, path, request: {}, response: { devices } }).answer;
  const five = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, device('Healthy')]));
  expect(answer({})).toBe('0 devices');
  expect(answer({ a: device('Healthy') })).toBe('1 device: a');
  expect(answer({ ...five, e: device('Unhealthy') })).toBe('5 devices: a, b, c and 2 more, 1 unhealthy');
});

test('long lists by their beginning', () => {
  const request = { updateMask: { paths: ['a', 'b', 'c', 'd', 'e'] }, allowMissing: false };
  expect(formatCall({ ...call, path: '/p.S/M', request, response: null }).request).toBe(
    '{updateMask: {paths: [a, b, c and 2 more]}, allowMissing: false}',
  );
});
