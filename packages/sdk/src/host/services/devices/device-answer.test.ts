import { expect, test } from 'vitest';
import type { Device } from '../../../contract/contract.ts';
import { deviceService } from '../../../wire/grpc/definitions.ts';
import { DeviceAnswer } from './device-answer.ts';

const { responseSerialize, responseDeserialize } = deviceService.GetDevices;
const first = (): Device => ({ id: 'vf0', healthy: true, pf: 0, vf: 0, attributes: { speed: '25G' } });

function counted() {
  let encoded = 0;
  const answer = new DeviceAnswer((response) => {
    encoded += 1;
    return responseSerialize(response);
  });
  return { answer, encoded: () => encoded };
}

test('devices that are as they were are encoded once, in whatever objects they come', () => {
  const { answer, encoded } = counted();
  const bytes = answer.bytes([first(), { id: 'vf1', healthy: false, reason: 'no link' }]);
  expect(answer.bytes([first(), { reason: 'no link', healthy: false, id: 'vf1' }])).toBe(bytes);
  expect(encoded()).toBe(1);
  expect(Object.keys(responseDeserialize(bytes).devices)).toEqual(['vf0', 'vf1']);
});

test.each<[string, Device[]]>([
  ['one more', [first(), { id: 'vf1', healthy: true }]],
  ['none', []],
  ['id', [{ ...first(), id: 'vf9' }]],
  ['healthy', [{ ...first(), healthy: false }]],
  ['reason', [{ ...first(), healthy: false, reason: 'no link' }]],
  ['numaNode', [{ ...first(), numaNode: 1 }]],
  ['pf', [{ ...first(), pf: 1 }]],
  ['vf', [{ ...first(), vf: 1 }]],
  ['kind', [{ ...first(), kind: 'vfio' }]],
  ['another value of an attribute', [{ ...first(), attributes: { speed: '10G' } }]],
  ['another name of an attribute', [{ ...first(), attributes: { rate: '25G' } }]],
  ['one more attribute', [{ ...first(), attributes: { speed: '25G', class: 'gold' } }]],
])('what is different is answered: %s', (_what, changed) => {
  const kept = counted().answer;
  kept.bytes([first()]);
  expect(responseDeserialize(kept.bytes(changed))).toEqual(responseDeserialize(counted().answer.bytes(changed)));
});

test('a plugin that changes its own objects is seen to', () => {
  const { answer } = counted();
  const device = first();
  const devices = [device];
  answer.bytes(devices);
  device.healthy = false;
  Object.assign(device.attributes ?? {}, { speed: '10G' });
  const { vf0 } = responseDeserialize(answer.bytes(devices)).devices;
  expect(vf0).toMatchObject({ health: 'Unhealthy', details: { attributes: { speed: '10G' } } });
});

test('what is wrong is refused each time, and the answer before it is no answer', () => {
  const { answer } = counted();
  answer.bytes([first()]);
  const wrong = [first(), first()];
  for (let time = 0; time < 2; time += 1) expect(() => answer.bytes(wrong)).toThrow(/two devices have the id/);
  for (const value of [undefined, [null]]) expect(() => answer.bytes(value as never)).toThrow();
});
