import { describe, expect, test } from 'vitest';
import { bridgePortService, heartbeatService, logicalBridgeService } from './grpc/definitions.ts';
import { bridgePortFromWire, bridgePortToWire } from './mapping/bridges.ts';
import { macFromBytes, macToBytes } from './mapping/mac.ts';
import { resourceId, resourceName } from './mapping/names.ts';
import { prefixFromWire, prefixToWire } from './mapping/prefix.ts';

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });

test('64-bit integers keep every digit', () => {
  const { requestSerialize, requestDeserialize } = heartbeatService.Ping;
  const request = { timestamp: '9007199254740993', senderId: 'daemon' };
  expect(requestDeserialize(requestSerialize(request))).toEqual(request);
});

test('bytes on the wire are those of the field numbers in the contract', () => {
  const port = { name: 'host0-3', macAddress: '02:00:00:00:00:01', type: 'ACCESS', logicalBridges: ['5'] } as const;
  const wire = bridgePortToWire({ ...port, logicalBridges: ['5'] });
  const bytes = bridgePortService.CreateBridgePort.requestSerialize({ bridgePort: wire });
  const name = '0a07686f7374302d33';
  const spec = '120d0a06020000000001' + '1001' + '1a0135';
  expect(bytes.toString('hex')).toBe(`12${(name.length / 2 + 15).toString(16)}${name}${spec}`);
  const { bridgePort } = bridgePortService.CreateBridgePort.requestDeserialize(bytes);
  expect(bridgePort && bridgePortFromWire(bridgePort)).toEqual({ ...port, name: 'bridgePorts/host0-3' });
});

describe('MAC addresses', () => {
  test('become bytes and come back in lower case', () => {
    expect(macFromBytes(macToBytes('02:AB:00:00:00:01'), 'mac')).toBe('02:ab:00:00:00:01');
  });
  test.each(['', '02:00:00:00:00', '02-00-00-00-00-01', '02:00:00:00:00:0g'])('%j is none', (text) => {
    expect(() => macToBytes(text)).toThrow(invalid);
  });
  test('have 6 bytes', () => expect(() => macFromBytes(Buffer.alloc(5), 'mac')).toThrow(invalid));
});

describe('resource names', () => {
  test('may leave the collection out', () => {
    expect(resourceId('bridgePorts', 'bridgePorts/host0-3', 'name')).toBe('host0-3');
    expect(resourceName('bridgePorts', 'host0-3', 'name')).toBe('bridgePorts/host0-3');
    expect(resourceId('bridgePorts', 'a'.repeat(63), 'name')).toHaveLength(63);
  });
  test.each(['abc', 'a'.repeat(64), 'Host0-3', 'host0_3', 'logicalBridges/blue', 'bridgePorts/a/b', ''])(
    '%j is none',
    (name) => {
      expect(() => resourceId('bridgePorts', name, 'name')).toThrow(invalid);
    },
  );
});

describe('IP prefixes', () => {
  const roundTrip = (text: string) => {
    const { responseSerialize, responseDeserialize } = logicalBridgeService.GetLogicalBridge;
    const decoded = responseDeserialize(responseSerialize({ spec: { vtepIpPrefix: prefixToWire(text) } }));
    return decoded.spec?.vtepIpPrefix && prefixFromWire(decoded.spec.vtepIpPrefix, 'prefix');
  };
  test.each([
    '10.0.0.1/24',
    '255.255.255.255/32',
    '0.0.0.0/0',
    'fd00::1/64',
    '::/0',
    '1:2:3:4:5:6:7:8/128',
    'fe80::a:0:1/10',
  ])('%s comes back', (text) => expect(roundTrip(text)).toBe(text));
  test('an IPv6 address may end in dotted IPv4', () =>
    expect(roundTrip('::ffff:1.2.3.4/96')).toMatch(/^::ffff:(1\.2\.3\.4|102:304)\/96$/));
  test.each(['10.0.0.1', '10.0.0.1/', '10.0.0.1/x', '10.0.0/24', 'fd00::1', '/24'])('%j is none', (text) => {
    expect(() => prefixToWire(text)).toThrow(invalid);
  });
  test.each(['10.0.0.1/33', 'fd00::1/129', '10.0.0.1/-1'])('%s is too long', (text) => {
    expect(() => roundTrip(text)).toThrow(invalid);
  });
});
