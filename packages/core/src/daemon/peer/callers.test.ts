import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identityOf, identityUri } from '../../trust/identity.ts';
import { TestAuthority, type TestCertificate } from '../../trust/testing.ts';
import { verifyPeer } from '../../trust/verify.ts';
import { Callers } from './callers.ts';

const authority = await TestAuthority.create('aaaa');
const start = Date.now();
const issue = (node: string, lifeMs: number): Promise<TestCertificate> =>
  authority.issue({ side: 'host', node, dpu: 'a' }, { issued: start, notAfter: start + lifeMs });

beforeEach(() => void vi.useFakeTimers({ now: start }));
afterEach(() => void vi.useRealTimers());

/** As much of a socket as is looked at. */
class Connection extends EventEmitter {
  destroyed = false;

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

function open() {
  const ended: string[] = [];
  const hosts: string[] = [];
  let revoked: string | undefined;
  const callers = new Callers({
    verify: (certificate, chain) => {
      const before = new Date(start + 1).toISOString();
      const bundle = authority.bundle(revoked === undefined ? [] : [{ subject: revoked, before }]);
      return verifyPeer(certificate, chain, [bundle], { side: 'host', now: Date.now() });
    },
    onEnded: ({ uri }, { reason }) => ended.push(`${uri} ${reason}`),
    onChange: () => hosts.push(callers.identities().join(' ')),
  });
  const call = ({ x509: certificate }: TestCertificate, origin: string) => {
    const socket = new Connection();
    const identity = identityOf(certificate);
    const uri = identity ? identityUri(identity) : '';
    return { socket, taken: callers.add(origin, { socket: socket as unknown as Socket, uri, certificate, chain: [] }) };
  };
  const revoke = (subject: string) => {
    revoked = subject;
    callers.verify();
  };
  return { callers, call, ended, hosts, revoke };
}

const uri = (node: string) => `spiffe://aaaa/host/${node}/a`;

test('a connection ends with the certificate that it began with, and no other does', async () => {
  const { call, ended, hosts } = open();
  const [short, long] = [await issue('short', 3_600_000), await issue('long', 24 * 3_600_000)];
  const first = call(short, '10.0.0.1:1');
  const second = call(long, '10.0.0.2:1');
  vi.advanceTimersByTime(3_600_000 - 1);
  expect([first.socket.destroyed, second.socket.destroyed]).toEqual([false, false]);
  // Certificates count whole seconds.
  vi.advanceTimersByTime(2_000);
  expect([first.socket.destroyed, second.socket.destroyed]).toEqual([true, false]);
  vi.advanceTimersByTime(23 * 3_600_000);
  expect(second.socket.destroyed).toBe(true);
  expect(ended).toEqual([`${uri('short')} PeerExpired`, `${uri('long')} PeerExpired`]);
  expect(hosts).toEqual([uri('short'), `${uri('long')} ${uri('short')}`, uri('long'), '']);
});

test('connections of a host that is revoked end, those of others do not', async () => {
  const { call, ended, revoke } = open();
  const [a, b] = [await issue('a', 3_600_000), await issue('b', 3_600_000)];
  const first = call(a, '10.0.0.1:1');
  const second = call(b, '10.0.0.2:1');
  revoke(uri('a'));
  expect([first.socket.destroyed, second.socket.destroyed]).toEqual([true, false]);
  expect(ended).toEqual([`${uri('a')} PeerRevoked`]);
});

test('one host has 64 connections, wherever they come from; another is not held up', async () => {
  const { call } = open();
  const [a, b] = [await issue('a', 3_600_000), await issue('b', 3_600_000)];
  const taken = Array.from({ length: 70 }, (_, index) => call(a, `10.0.0.${index}:1`).taken);
  expect(taken.filter(Boolean)).toHaveLength(64);
  expect(call(b, '10.0.1.1:1').taken).toBe(true);
});

test('two connections from one address and port cannot be told apart: the second is refused', async () => {
  const { call, callers } = open();
  const [a, b] = [await issue('a', 3_600_000), await issue('b', 3_600_000)];
  const first = call(a, '10.0.0.1:1');
  expect(call(b, '10.0.0.1:1').taken).toBe(false);
  expect(callers.get('10.0.0.1:1')?.uri).toBe(uri('a'));
  first.socket.destroy();
  expect(callers.get('10.0.0.1:1')).toBeUndefined();
});
