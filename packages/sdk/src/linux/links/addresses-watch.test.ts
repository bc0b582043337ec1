import { expect, test } from 'vitest';
import { addAddressRequest, deleteAddressRequest } from '../netlink/messages/addresses.ts';
import { toAddressChange } from './addresses-watch.ts';

const message = ({ type, body }: { type: number; body: Buffer }) => ({ type, flags: 0, sequence: 0, body });

test.each([
  ['10.9.0.1/24', { family: 'inet', address: '10.9.0.1', prefixLength: 24 }],
  ['fe80::1/64', { family: 'inet6', address: 'fe80::1', prefixLength: 64 }],
])('%s is told with its link, come or gone', (prefix, address) => {
  const told = { ...address, index: 7 };
  expect(toAddressChange(message(addAddressRequest(7, prefix)))).toMatchObject({ ...told, deleted: false });
  expect(toAddressChange(message(deleteAddressRequest(7, prefix)))).toMatchObject({ ...told, deleted: true });
});

test('what is no address is no change', () => {
  expect(toAddressChange({ type: 16, flags: 0, sequence: 0, body: Buffer.alloc(16) })).toBeUndefined();
});
